using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Nodes;

/// <summary>What a store that is nearly full takes, and what has to wait.</summary>
public sealed class WaitingChangesTests
{
    private static readonly LedgerChange _updated = new NodeRegistered(ChangeKind.NodeUpdated, Sample.Now, Sample.Spec("node-1"));

    [Fact]
    public void A_node_that_reports_other_content_waits() => Assert.True(((LedgerChange[])[_updated]).CanWait());

    [Fact]
    public void What_owners_set_waits() => Assert.True(((LedgerChange[])[new NodeFieldsChanged(Sample.Now, [])]).CanWait());

    [Theory]
    [InlineData(AuditMode.Heal, false)]
    [InlineData(AuditMode.Report, true)]
    public void An_audit_is_judged_as_a_whole(AuditMode mode, bool canWait)
    {
        var audit = new Audit(new AuditId(1, 1), mode, Sample.Now, Sample.Now, 1, 2, "agent", 0, 1, 1, []);

        Assert.Equal(canWait, ((LedgerChange[])[_updated, new NodeAudited(Sample.Now, audit)]).CanWait());
    }
}
