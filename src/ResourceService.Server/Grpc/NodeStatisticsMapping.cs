using Google.Protobuf.Collections;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Server.Grpc;

/// <summary>
/// Counts the instances on a node as Nova's <c>compute/stats.py</c> does: those that live there, so a moving one is counted on its source until the
/// move is confirmed. An instance that is busy in state and task counts once here, twice in Nova's I/O workload.
/// </summary>
internal static class NodeStatisticsMapping
{
    private const string BusyState = "building";

    // Tasks that load disks and network, by Nova's words.
    private static readonly HashSet<string> _busyTasks = new(StringComparer.Ordinal)
    {
        "resize_prep", "resize_migrating", "rebuilding", "image_snapshot", "image_backup", "rescuing", "unshelving",
    };

    /// <summary>The statistics of a node's claims.</summary>
    public static V1.NodeStatistics Of(NodeView node)
    {
        var statistics = new V1.NodeStatistics { FailedBuildCount = node.FailedBuilds };
        foreach (var claim in node.Claims.Values.Where(claim => claim.Role == ClaimRole.Primary))
        {
            statistics.InstanceCount++;
            var instance = claim.Instance;
            Count(statistics.InstancesByVmState, instance.VmState);
            Count(statistics.InstancesByTaskState, instance.TaskState);
            Count(statistics.InstancesByProject, instance.ProjectId);
            Count(statistics.InstancesByOsType, instance.OsType);
            if (instance.TaskState.Length > 0)
                statistics.TaskCount++;
            if (_busyTasks.Contains(instance.TaskState) || string.Equals(instance.VmState, BusyState, StringComparison.Ordinal))
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
