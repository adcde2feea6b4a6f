using System.Text.Json;
using ResourceService.Testing;
using Xunit;

namespace ResourceService.Ledger.Tests.Sequences;

/// <summary>
/// Nova's own books over whole lives of instances, made by running Nova, against the ledger: each decision, and after each step who holds how much
/// where: amounts, cells, pages, disk space, devices, instances and their moves, and after each audit of a host what Nova counts of its instances.
/// Where Nova's books leave what is plainly held, the vector says so, and the comparison ends there.
/// </summary>
public class SequenceVectorTests
{
    private const string ResizedInPlace = "resized in place";
    private const string HandedOver = "handed over";

    // Where Nova or Placement has something otherwise than we do, on purpose, and why. What they hold longer they may refuse on that host, and it
    // fits here.
    private static readonly Dictionary<string, string> _differences = new(StringComparer.Ordinal)
    {
        ["revert_at_destination"] = "Placement keeps the target's allocation until the source has taken the instance back; here a revert is one step, "
            + "and releases the target.",
        ["evacuate_finish"] = "A source that came back during an evacuation counts the instance until its next audit; here the confirm of the evacuation "
            + "releases the source, up or down.",
        [ResizedInPlace] = "When a resize in place has ended, Nova counts the instance and lists it no more, until the host's next audit; here its claim "
            + "stays where it is.",
        [HandedOver] = "From the hand-over on Nova's audits count a moving instance's state where it goes; here it lives on its source until the move is "
            + "confirmed, whatever the hosts do meanwhile.",
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
        // A table of differences that swallowed much would prove nothing, nor would a row that no vector needs.
        Assert.True(counts.Differences.Count <= counts.HostsCompared / 50, counts.ToString());
        Assert.Equal(_differences.Keys.Order(StringComparer.Ordinal), counts.Differences.Distinct().Order(StringComparer.Ordinal));
        Assert.True(counts is { Accepted: > 500, Refused: > 300, HostsCompared: > 5_000, StatisticsCompared: > 500 }, counts.ToString());
    }

    private static void Replay(SequenceVector vector, Counts counts)
    {
        var state = new State(vector.Input);
        var replay = state.Replay;
        for (var i = 0; i < vector.Input.Operations.Count; i++)
        {
            var (step, outcome) = (vector.Input.Operations[i], vector.Expected.Steps[i]);
            if (outcome.LeavesPlainBooks)
            {
                counts.Ended++;
                return;
            }

            state.Note(step);
            var accepted = replay.Run(step);
            if (accepted is not null)
            {
                counts.Add(outcome.Result == "accepted");
                if (accepted == true && outcome.Result != "accepted" && state.Differing.TryGetValue(step.Host!, out var difference))
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
                    state.Nova[host][field] = value;
            }

            foreach (var host in vector.Input.Hosts.Where(host => !state.Disturbed.Contains(host.Name) && replay.IsRegistered(host.Name)))
            {
                var nova = state.Nova[host.Name];
                counts.HostsCompared++;
                var unlike = SequenceComparison.OfUsage(replay, host, nova, outcome.Deviations?.GetValueOrDefault(host.Name));
                if (unlike is null && step.Op is "audit" or "host_restart" && step.Host == host.Name)
                {
                    counts.StatisticsCompared++;
                    unlike = SequenceComparison.OfStatistics(replay, host, nova);
                }

                if (unlike is null)
                    continue;
                if (Explain(host.Name, unlike.Field, state) is { } row)
                {
                    counts.Differences.Add(row);
                    continue;
                }

                counts.Disagreements.Add($"{vector.Id} step {i} {step.Op} {step.Instance} {step.Host}: {host.Name} {unlike.Text}");
                return;
            }
        }
    }

    // The row of the table that explains a difference on a host; null when none does.
    private static string? Explain(string host, string field, State state)
    {
        if (state.Differing.TryGetValue(host, out var row))
            return row;
        if (field == SequenceComparison.Instances && state.Unlisted.Contains(host))
            return ResizedInPlace;
        return field == SequenceComparison.Statistics && state.Replay.HasHandedOver(host) ? HandedOver : null;
    }

    // What a vector has left behind so far.
    private sealed class State(SequenceInput input)
    {
        public SequenceReplay Replay { get; } = new(input);

        // Each host's fields as Nova has them now.
        public Dictionary<string, Dictionary<string, JsonElement>> Nova { get; } =
            input.Hosts.ToDictionary(host => host.Name, _ => new Dictionary<string, JsonElement>(StringComparer.Ordinal));

        // Hosts whose counters Nova holds wrong by the vector's own doing, until their next audit.
        public HashSet<string> Disturbed { get; } = new(StringComparer.Ordinal);

        // Hosts where an operation of the table applies, until their next audit.
        public Dictionary<string, string> Differing { get; } = new(StringComparer.Ordinal);

        // Hosts where a resize in place has ended, until their next audit.
        public HashSet<string> Unlisted { get; } = new(StringComparer.Ordinal);

        public void Note(SequenceStep step)
        {
            if (step.Op is "audit" or "host_restart")
            {
                Disturbed.Remove(step.Host!);
                Differing.Remove(step.Host!);
                Unlisted.Remove(step.Host!);
            }

            if (_differences.ContainsKey(step.Op))
                Differing[step.Op == "evacuate_finish" ? Replay.SourceOf(step.Instance!) : Replay.TargetOf(step.Instance!)] = step.Op;
            if (step.Op is "drift" or "host_down")
                Disturbed.Add(step.Host!);
            if (step.Op is "confirm" or "resize_abort" or "revert_at_destination" && Replay.IsResizedInPlace(step.Instance!))
                Unlisted.Add(Replay.SourceOf(step.Instance!));
        }
    }

    private sealed class Counts
    {
        public List<string> Disagreements { get; } = [];

        public List<string> Differences { get; } = [];

        public int Accepted { get; private set; }

        public int Refused { get; private set; }

        public int HostsCompared { get; set; }

        public int StatisticsCompared { get; set; }

        public int Ended { get; set; }

        public void Add(bool accepted)
        {
            Accepted += accepted ? 1 : 0;
            Refused += accepted ? 0 : 1;
        }

        public override string ToString() =>
            $"{Accepted} accepted and {Refused} refused as Nova did, {HostsCompared} times the usage of a host compared, {StatisticsCompared} times its statistics; {Differences.Count} differences on purpose; {Ended} vectors end where Nova's books are not plain";
    }
}
