using ResourceService.Ledger.Claims;

namespace ResourceService.Ledger.Nodes;

/// <summary>
/// The instances on a node, counted as Nova's <c>compute/stats.py</c> does: those that live there, so a moving one is counted on its source until the
/// move is confirmed; what the host was seen to run of others is not among them. An instance that is busy in state and task counts once here, twice
/// in Nova's I/O workload. Each instance has one state, one project and one system, empty where it is not known, so the numbers of each add up to
/// <see cref="InstanceCount"/>; those by task to <see cref="TaskCount"/>.
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
            Count(_byProject, instance.ProjectId);
            Count(_byOsType, instance.OsType);
            if (instance.TaskState.Length > 0)
            {
                TaskCount++;
                Count(_byTaskState, instance.TaskState);
            }

            if (IsBusy(instance))
                IoWorkload++;
        }
    }

    /// <summary>How many instances.</summary>
    public int InstanceCount { get; }

    /// <summary>How many of them have a task.</summary>
    public int TaskCount { get; }

    /// <summary>How many of them load disks and network.</summary>
    public int IoWorkload { get; }

    /// <summary>Instances by state; the name is empty for those whose state is not known.</summary>
    public IReadOnlyDictionary<string, int> ByVmState => _byVmState;

    /// <summary>Instances by task, without those that have none.</summary>
    public IReadOnlyDictionary<string, int> ByTaskState => _byTaskState;

    /// <summary>Instances by project; the name is empty for those that have none.</summary>
    public IReadOnlyDictionary<string, int> ByProject => _byProject;

    /// <summary>Instances by operating system; the name is empty for those whose system is not known.</summary>
    public IReadOnlyDictionary<string, int> ByOsType => _byOsType;

    /// <summary>The numbers that are not what the claims of a node add up to: of the node that was counted, or of the same one elsewhere.</summary>
    public ValueList<StatisticDifference> DifferencesFrom(NodeView node)
    {
        var instances = node.Claims.Values.Where(claim => claim.Role == ClaimRole.Primary).Select(claim => claim.Instance).ToList();
        var differences = new List<StatisticDifference>();
        Compare("instances", instances.Count, InstanceCount);
        Compare("instances with a task", instances.Count(instance => instance.TaskState.Length > 0), TaskCount);
        Compare("instances that load disks and network", instances.Count(IsBusy), IoWorkload);
        CompareAll("in state", _byVmState, instances.Select(instance => instance.VmState));
        CompareAll("with task", _byTaskState, instances.Select(instance => instance.TaskState).Where(task => task.Length > 0));
        CompareAll("of project", _byProject, instances.Select(instance => instance.ProjectId));
        CompareAll("of system", _byOsType, instances.Select(instance => instance.OsType));
        return ValueList.From(differences);

        void CompareAll(string what, Dictionary<string, int> found, IEnumerable<string> names)
        {
            var expected = names.GroupBy(name => name, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
            foreach (var name in expected.Keys.Union(found.Keys))
                Compare($"instances {what} \"{name}\"", expected.GetValueOrDefault(name), found.GetValueOrDefault(name));
        }

        void Compare(string statistic, int expected, int found)
        {
            if (expected != found)
                differences.Add(new StatisticDifference(statistic, expected, found));
        }
    }

    private static bool IsBusy(Instance instance) =>
        _busyTasks.Contains(instance.TaskState) || string.Equals(instance.VmState, BusyState, StringComparison.Ordinal);

    private static void Count(Dictionary<string, int> counts, string name) => counts[name] = counts.GetValueOrDefault(name) + 1;

    /// <summary>A number that is not what the claims add up to.</summary>
    public readonly record struct StatisticDifference(string Statistic, int Expected, int Found);
}
