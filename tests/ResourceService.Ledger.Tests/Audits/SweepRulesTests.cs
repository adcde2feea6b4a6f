using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Audits;

public class SweepRulesTests
{
    private static readonly Instant _early = Sample.Now.Add(-TimeSpan.FromMilliseconds(1));

    [Fact]
    public void A_lease_is_missed_once_it_has_ended_before_the_limit()
    {
        var host = new AuditedHost();
        host.Claim("held", active: false, leaseEnd: Sample.Now);
        host.Claim("active");

        Assert.Equal(1, SweepRules.Look(host.View, new SweepLimits(Sample.Now, _early, null)).MissedLeases);
        Assert.Equal(0, SweepRules.Look(host.View, new SweepLimits(_early, _early, null)).MissedLeases);
    }

    [Fact]
    public void A_move_is_stale_without_progress_since_the_limit()
    {
        var (source, target) = (DrivenNode.Registered(), DrivenNode.Registered(nodeKey: 2));
        new DrivenMove(source, target).Start();

        Assert.Equal(1, SweepRules.Look(target.View, new SweepLimits(_early, Sample.Now, null)).StaleMigrations);
        Assert.Equal(0, SweepRules.Look(target.View, new SweepLimits(_early, _early, null)).StaleMigrations);
        Assert.Equal(0, SweepRules.Look(source.View, new SweepLimits(_early, Sample.Now, null)).StaleMigrations);
    }

    [Fact]
    public void A_node_is_overdue_when_it_was_neither_audited_nor_registered_since_the_limit()
    {
        var host = new AuditedHost();
        Assert.Equal(1, Overdue(Sample.Now));
        Assert.Equal(0, Overdue(_early));
        Assert.Equal(0, Overdue(null));

        host.Report(host.Picture(), Sample.LeaseEnd);
        Assert.Equal(0, Overdue(Sample.Now));
        Assert.Equal(1, Overdue(Sample.LeaseEnd));

        host.Node.Decide(view => Ledger.Nodes.NodeRules.Delete(view, false, "", null, Sample.Now));
        Assert.Equal(0, Overdue(Sample.LeaseEnd));

        // One that returns begins anew: the audit of its earlier life does not count.
        var returned = Sample.LeaseEnd.Add(TimeSpan.FromDays(1));
        host.Node.Decide(view => Ledger.Nodes.NodeRules.Register(view, view.Spec, null, returned));
        Assert.Equal(0, Overdue(Sample.LeaseEnd));
        Assert.Equal(1, Overdue(returned));

        int Overdue(Instant? limit) => SweepRules.Look(host.View, new SweepLimits(_early, _early, limit)).OverdueNodes;
    }
}
