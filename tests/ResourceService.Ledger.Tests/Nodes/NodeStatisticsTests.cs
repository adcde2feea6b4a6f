using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Nodes;

public class NodeStatisticsTests
{
    private readonly DrivenNode _node = DrivenNode.Registered();

    public NodeStatisticsTests()
    {
        Add("active-1", instance => instance with { VmState = "active", OsType = "linux" });
        Add("active-2", instance => instance with { VmState = "active", TaskState = "image_backup" });
        Add("building", instance => instance with { VmState = "building", TaskState = "spawning" });
        Add("unknown", instance => instance with { VmState = "", ProjectId = "" });
    }

    [Fact]
    public void Each_instance_is_counted_once_by_state_project_and_system_also_where_they_are_not_known()
    {
        var statistics = new NodeStatistics(_node.View);

        Assert.Equal((4, 2, 2), (statistics.InstanceCount, statistics.TaskCount, statistics.IoWorkload));
        Assert.Equal([("", 1), ("active", 2), ("building", 1)], Counts(statistics.ByVmState));
        Assert.Equal([("image_backup", 1), ("spawning", 1)], Counts(statistics.ByTaskState));
        Assert.Equal([("", 1), ("project-1", 3)], Counts(statistics.ByProject));
        Assert.Equal([("", 3), ("linux", 1)], Counts(statistics.ByOsType));
        Assert.Empty(statistics.DifferencesFrom(_node.View));
    }

    [Fact]
    public void Every_number_that_is_not_what_the_claims_add_up_to_is_a_difference()
    {
        var statistics = new NodeStatistics(_node.View);
        Add("more", instance => instance with { VmState = "building" });
        _node.Release(_node.View.Claims.Values.First(claim => claim.Instance.VmState == "active"));

        var differences = statistics.DifferencesFrom(_node.View);

        Assert.Equal(
            [
                ("instances in state \"active\"", 1, 2),
                ("instances in state \"building\"", 2, 1),
                ("instances of system \"\"", 4, 3),
                ("instances of system \"linux\"", 0, 1),
                ("instances that load disks and network", 3, 2),
            ],
            differences.Select(difference => (difference.Statistic, difference.Expected, difference.Found)).Order());
    }

    private static IEnumerable<(string, int)> Counts(IReadOnlyDictionary<string, int> counts) => counts.Select(pair => (pair.Key, pair.Value)).Order();

    private void Add(string instance, Func<Instance, Instance> update)
    {
        var claim = _node.Claim(instance, Sample.Amounts(1, 1));
        _node.Decide(view => ClaimRules.UpdateInstance(view, claim.Id, null, update, Sample.Now));
    }
}
