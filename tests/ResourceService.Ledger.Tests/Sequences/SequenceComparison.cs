using System.Text.Json;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Tests.Sequences;

/// <summary>What Nova held, listed or counted otherwise than the ledger: where, and both in words.</summary>
internal sealed record SequenceUnlikeness(string Field, string Text);

/// <summary>One host's books as Nova kept them against those of the ledger, field by field: the first that differs, or null.</summary>
internal static class SequenceComparison
{
    public const string Instances = "tracked_instances";
    public const string Statistics = "stats";

    /// <summary>What is held: amounts, cells, pages, devices, and by whom.</summary>
    /// <param name="replay">The ledger.</param>
    /// <param name="host">The host.</param>
    /// <param name="nova">Its fields as Nova had them.</param>
    /// <param name="deviations">Fields whose value is not what plain books hold, with that.</param>
    public static SequenceUnlikeness? OfUsage(
        SequenceReplay replay, SequenceHost host, Dictionary<string, JsonElement> nova, Dictionary<string, JsonElement>? deviations)
    {
        var held = replay.Held(host.Name);
        return Unlike("vcpus_used", nova["vcpus_used"].GetInt64(), host.Config.ReservedCpus + held.Vcpus)
            ?? Unlike("memory_used_mb", nova["memory_used_mb"].GetInt64(), host.Config.ReservedMemoryMb + held.MemoryMb)
            ?? Unlike("disk_used_gb", DiskGb(nova, deviations), (host.Config.ReservedDiskMb + held.DiskMb) / 1024.0)
            ?? OfCells(replay, host, nova)
            ?? Unlike("pci", Text(DevicesOf(nova)), Text(replay.Owned(host.Name)))
            ?? OfMoves(replay, host, nova)
            ?? Unlike(Instances, Text(InstancesOf(nova)), Text(replay.Holders(host.Name)));
    }

    /// <summary>How many instances there are in which state, and how busy they are. Nova knows it right after an audit of the host.</summary>
    public static SequenceUnlikeness? OfStatistics(SequenceReplay replay, SequenceHost host, Dictionary<string, JsonElement> nova)
    {
        var statistics = new NodeStatistics(replay.View(host.Name));
        var found = new Dictionary<string, long>(StringComparer.Ordinal)
        {
            ["running_vms"] = statistics.InstanceCount,
            ["current_workload"] = statistics.TaskCount,
            ["num_instances"] = statistics.InstanceCount,
            ["num_task_None"] = statistics.InstanceCount - statistics.TaskCount,
            ["io_workload"] = statistics.IoWorkload,
        };
        foreach (var (state, count) in statistics.ByVmState)
            found.Add($"num_vm_{state}", count);
        foreach (var (task, count) in statistics.ByTaskState)
            found.Add($"num_task_{task}", count);
        var expected = nova["stats"].EnumerateObject().Select(item => (item.Name, item.Value.GetInt64()))
            .Append(("running_vms", nova["running_vms"].GetInt64())).Append(("current_workload", nova["current_workload"].GetInt64()));
        return Unlike(Statistics, Counted(expected), Counted(found.Select(item => (item.Key, item.Value))));

        static string Counted(IEnumerable<(string Name, long Count)> counts) => Text(counts.Where(item => item.Count > 0));
    }

    private static SequenceUnlikeness? OfCells(SequenceReplay replay, SequenceHost host, Dictionary<string, JsonElement> nova)
    {
        if (host.Cells.Count == 0)
            return null;
        var (view, usage) = (replay.View(host.Name), replay.View(host.Name).NumaUsage.Cells);
        foreach (var (cell, i) in nova["numa"].EnumerateArray().Select((cell, i) => (cell, i)))
        {
            var expected = (
                cell.GetProperty("pinned_cpus").GetArrayLength(), cell.GetProperty("shared_cpus_used").GetInt64(), cell.GetProperty("memory_used_mb").GetInt64());
            if (Unlike($"numa {i}", expected, (usage[i].PinnedCpus.Count, usage[i].SharedVcpuCount, usage[i].MemoryUsedMb)) is { } unlike)
                return unlike;
            foreach (var pool in cell.GetProperty("pages_used").EnumerateObject())
            {
                var place = view.Spec.Numa!.Cells[i].IndexOfPool(long.Parse(pool.Name));
                if (Unlike($"numa {i} pages of {pool.Name} KiB", pool.Value.GetInt64(), usage[i].PagesUsed[place]) is { } pages)
                    return pages;
            }
        }

        return null;
    }

    // A move that Nova tracks on its way in, and that is in flight here, is of the same type.
    private static SequenceUnlikeness? OfMoves(SequenceReplay replay, SequenceHost host, Dictionary<string, JsonElement> nova)
    {
        foreach (var move in nova["tracked_migrations"].EnumerateObject())
        {
            if (replay.Incoming(host.Name, move.Name) is { } type && Unlike("tracked_migrations", move.Value.GetString(), $"{TypeOf(type)}/in") is { } unlike)
                return unlike;
        }

        return null;
    }

    // Nova truncates disk space to whole GiB at each step: where that shows, the vector says what plain books hold.
    private static double DiskGb(Dictionary<string, JsonElement> nova, Dictionary<string, JsonElement>? deviations) =>
        deviations is not null && deviations.TryGetValue("disk_used_gb", out var deviation)
            ? deviation.GetProperty("booked").GetDouble()
            : nova["disk_used_gb"].GetDouble();

    private static IEnumerable<(string, string)> DevicesOf(Dictionary<string, JsonElement> nova) => nova.TryGetValue("pci", out var devices)
        ? devices.EnumerateObject().Select(device => (device.Name, device.Value[1].GetString()!))
        : [];

    // What holds resources is on one list or on the other, depending on when the host was audited last.
    private static IEnumerable<string> InstancesOf(Dictionary<string, JsonElement> nova) =>
        nova["tracked_instances"].EnumerateArray().Select(instance => instance.GetString()!)
            .Union(nova["tracked_migrations"].EnumerateObject().Select(move => move.Name), StringComparer.Ordinal);

    private static string TypeOf(MigrationType type) => type switch
    {
        MigrationType.Resize => "resize",
        MigrationType.ColdMigration => "migration",
        MigrationType.LiveMigration => "live-migration",
        _ => "evacuation",
    };

    private static string Text<T>(IEnumerable<T> items) => string.Join(", ", items.Select(item => $"{item}").Order(StringComparer.Ordinal));

    private static SequenceUnlikeness? Unlike<T>(string field, T nova, T found) =>
        EqualityComparer<T>.Default.Equals(nova, found) ? null : new SequenceUnlikeness(field, $"{field}: Nova '{nova}', here '{found}'");
}
