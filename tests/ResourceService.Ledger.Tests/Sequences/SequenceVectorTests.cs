using System.Text.Json;
using ResourceService.Testing;
using Xunit;

namespace ResourceService.Ledger.Tests.Sequences;

/// <summary>
/// Nova's own books over whole lives of instances, made by running Nova, against the ledger: each decision, and after each step who holds how much
/// where. Where Nova's books leave what is plainly held, the vector says so, and the comparison ends there.
/// </summary>
public class SequenceVectorTests
{
    // Where Nova or Placement holds something longer than we do, on purpose, and why. Until then Nova may refuse on that host what fits here.
    private static readonly Dictionary<string, string> _differences = new(StringComparer.Ordinal)
    {
        ["revert_at_destination"] = "Placement keeps the target's allocation until the source has taken the instance back; here a revert is one step, "
            + "and releases the target.",
        ["evacuate_finish"] = "A source that came back during an evacuation counts the instance until its next audit; here the confirm of the evacuation "
            + "releases the source, up or down.",
    };

    [Fact]
    public void Outcomes_and_usage_agree_with_nova_after_every_operation()
    {
        var vectors = SequenceVector.TryLoad();
        Assert.SkipWhen(vectors is null, VectorFiles.Missing);

        var counts = new Counts();
        foreach (var vector in vectors)
            Replay(vector, counts);

        TestContext.Current.TestOutputHelper?.WriteLine(counts.ToString());
        Assert.True(counts.Disagreements.Count == 0, string.Join('\n', counts.Disagreements.Take(20)) + $"\n{counts}");
        // A table of differences that swallowed much would prove nothing.
        Assert.True(counts.Differences.Count <= counts.HostsCompared / 100, counts.ToString());
        Assert.True(counts is { Accepted: > 500, Refused: > 300, HostsCompared: > 5_000 }, counts.ToString());
    }

    private static void Replay(SequenceVector vector, Counts counts)
    {
        var replay = new SequenceReplay(vector.Input);
        var hosts = vector.Input.Hosts.ToDictionary(host => host.Name, _ => new Dictionary<string, JsonElement>(StringComparer.Ordinal));
        // Hosts whose counters Nova holds wrong by the vector's own doing, until their next audit.
        var disturbed = new HashSet<string>(StringComparer.Ordinal);
        // Hosts where a row of the table above applies, until their next audit.
        var differing = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < vector.Input.Operations.Count; i++)
        {
            var (step, outcome) = (vector.Input.Operations[i], vector.Expected.Steps[i]);
            if (outcome.LeavesPlainBooks)
            {
                counts.Ended++;
                return;
            }

            if (step.Op is "audit" or "host_restart")
            {
                disturbed.Remove(step.Host!);
                differing.Remove(step.Host!);
            }

            if (_differences.ContainsKey(step.Op))
                differing[step.Op == "evacuate_finish" ? replay.SourceOf(step.Instance!) : replay.TargetOf(step.Instance!)] = step.Op;
            if (step.Op is "drift" or "host_down")
                disturbed.Add(step.Host!);
            var accepted = replay.Run(step);
            if (accepted is not null)
            {
                counts.Add(outcome.Result == "accepted");
                if (accepted == true && outcome.Result != "accepted" && differing.TryGetValue(step.Host!, out var difference))
                {
                    counts.Differences.Add(difference);
                    return;
                }

                if (accepted != (outcome.Result == "accepted"))
                {
                    counts.Disagreements.Add($"{vector.Id} step {i} {step.Op} {step.Instance} on {step.Host}: Nova {outcome.Result} by {outcome.By}");
                    return;
                }
            }

            foreach (var (host, fields) in outcome.HostsChanged ?? [])
            {
                foreach (var (field, value) in fields)
                    hosts[host][field] = value;
            }

            foreach (var host in vector.Input.Hosts.Where(host => !disturbed.Contains(host.Name) && replay.IsRegistered(host.Name)))
            {
                counts.HostsCompared++;
                if (Compare(replay, host, hosts[host.Name]) is not { } unlike)
                    continue;
                if (differing.TryGetValue(host.Name, out var row))
                {
                    counts.Differences.Add(row);
                    continue;
                }

                counts.Disagreements.Add($"{vector.Id} step {i} {step.Op} {step.Instance} {step.Host}: {host.Name} {unlike}");
                return;
            }
        }
    }

    private static string? Compare(SequenceReplay replay, SequenceHost host, Dictionary<string, JsonElement> nova)
    {
        var held = replay.Held(host.Name);
        if (host.Config.ReservedCpus + held.Vcpus != nova["vcpus_used"].GetInt64())
            return $"vcpus_used: Nova {nova["vcpus_used"]}, held {held.Vcpus}";
        if (host.Config.ReservedMemoryMb + held.MemoryMb != nova["memory_used_mb"].GetInt64())
            return $"memory_used_mb: Nova {nova["memory_used_mb"]}, held {held.MemoryMb}";
        if (host.Cells.Count == 0)
            return null;

        var usage = replay.View(host.Name).NumaUsage.Cells;
        foreach (var (cell, i) in nova["numa"].EnumerateArray().Select((cell, i) => (cell, i)))
        {
            var expected = (
                cell.GetProperty("pinned_cpus").GetArrayLength(), cell.GetProperty("shared_cpus_used").GetInt64(), cell.GetProperty("memory_used_mb").GetInt64());
            var found = (usage[i].PinnedCpus.Count, usage[i].SharedVcpuCount, usage[i].MemoryUsedMb);
            if (expected != found)
                return $"cell {i}: Nova {expected}, held {found}";
            foreach (var pool in cell.GetProperty("pages_used").EnumerateObject())
            {
                var place = replay.View(host.Name).Spec.Numa!.Cells[i].IndexOfPool(long.Parse(pool.Name));
                if (usage[i].PagesUsed[place] != pool.Value.GetInt64())
                    return $"cell {i}: pages of {pool.Name} KiB: Nova {pool.Value}, held {usage[i].PagesUsed[place]}";
            }
        }

        return null;
    }

    private sealed class Counts
    {
        public List<string> Disagreements { get; } = [];

        public List<string> Differences { get; } = [];

        public int Accepted { get; private set; }

        public int Refused { get; private set; }

        public int HostsCompared { get; set; }

        public int Ended { get; set; }

        public void Add(bool accepted)
        {
            Accepted += accepted ? 1 : 0;
            Refused += accepted ? 0 : 1;
        }

        public override string ToString() =>
            $"{Accepted} accepted and {Refused} refused as Nova did, {HostsCompared} times the usage of a host compared; {Differences.Count} differences on purpose; {Ended} vectors end where Nova's books are not plain";
    }
}
