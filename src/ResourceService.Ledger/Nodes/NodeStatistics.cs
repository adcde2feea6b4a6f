using ResourceService.Ledger.Claims;

namespace ResourceService.Ledger.Nodes;

/// <summary>
/// The instances on a node, counted as Nova's <c>compute/stats.py</c> does: those that live there, so a moving one is counted on its source until the
/// move is confirmed. An instance that is busy in state and task counts once here, twice in Nova's I/O workload.
/// </summary>
public sealed class NodeStatistics
{
    private const string BusyState = "building";

    // Tasks that load disks and network, by Nova's words.
    private static readonly HashSet<string> _busyTasks = new(StringComparer.Ordinal)
    {
        "resize_prep", "resize_migrating", "rebuilding", "image_snapshot", "image_backup", "rescuing", "unshelving",
    };

    private readonly Dictionary<string, int> _byVmState = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _byTaskState = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _byProject = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _byOsType = new(StringComparer.Ordinal);

    /// <summary>Counts the claims of a node.</summary>
    public NodeStatistics(NodeView node)
    {
        foreach (var claim in node.Claims.Values.Where(claim => claim.Role == ClaimRole.Primary))
        {
            InstanceCount++;
            var instance = claim.Instance;
            Count(_byVmState, instance.VmState);
            Count(_byTaskState, instance.TaskState);
            Count(_byProject, instance.ProjectId);
            Count(_byOsType, instance.OsType);
            if (instance.TaskState.Length > 0)
                TaskCount++;
            if (_busyTasks.Contains(instance.TaskState) || string.Equals(instance.VmState, BusyState, StringComparison.Ordinal))
                IoWorkload++;
        }
    }

    /// <summary>How many instances.</summary>
    public int InstanceCount { get; }

    /// <summary>How many of them have a task.</summary>
    public int TaskCount { get; }

    /// <summary>How many of them load disks and network.</summary>
    public int IoWorkload { get; }

    /// <summary>Instances by state.</summary>
    public IReadOnlyDictionary<string, int> ByVmState => _byVmState;

    /// <summary>Instances by task, without those that have none.</summary>
    public IReadOnlyDictionary<string, int> ByTaskState => _byTaskState;

    /// <summary>Instances by project.</summary>
    public IReadOnlyDictionary<string, int> ByProject => _byProject;

    /// <summary>Instances by operating system.</summary>
    public IReadOnlyDictionary<string, int> ByOsType => _byOsType;

    private static void Count(Dictionary<string, int> counts, string name)
    {
        if (name.Length > 0)
            counts[name] = counts.GetValueOrDefault(name) + 1;
    }
}
