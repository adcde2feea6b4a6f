using Google.Protobuf.Collections;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Server.Grpc;

/// <summary>Counts the instances on a node as Nova's <c>compute/stats.py</c> does.</summary>
internal static class NodeStatisticsMapping
{
    // States and tasks in which an instance loads disks and network, by Nova's words.
    private static readonly HashSet<string> _busyStates = new(StringComparer.Ordinal) { "building", "rebuilding" };

    private static readonly HashSet<string> _busyTasks = new(StringComparer.Ordinal)
    {
        "resize_migrating", "resize_prep", "resize_finish", "rebuilding", "migrating", "image_snapshot", "image_backup", "unshelving", "rescuing",
    };

    /// <summary>The statistics of a node's claims.</summary>
    public static V1.NodeStatistics Of(NodeView node)
    {
        var statistics = new V1.NodeStatistics { InstanceCount = node.Claims.Count, FailedBuildCount = node.FailedBuilds };
        foreach (var claim in node.Claims.Values)
        {
            var instance = claim.Instance;
            Count(statistics.InstancesByVmState, instance.VmState);
            Count(statistics.InstancesByTaskState, instance.TaskState);
            Count(statistics.InstancesByProject, instance.ProjectId);
            Count(statistics.InstancesByOsType, instance.OsType);
            if (instance.TaskState.Length > 0)
                statistics.TaskCount++;
            if (_busyTasks.Contains(instance.TaskState) || _busyStates.Contains(instance.VmState))
                statistics.IoWorkload++;
        }

        return statistics;
    }

    private static void Count(MapField<string, int> counts, string name)
    {
        if (name.Length > 0)
            counts[name] = counts.TryGetValue(name, out var count) ? count + 1 : 1;
    }
}
