using BenchmarkDotNet.Attributes;
using ResourceService.Ledger;
using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;

namespace ResourceService.Benchmarks;

/// <summary>
/// What it costs to compare a node of 1,000 instances with its host's report, and to apply what heals it: the worker's part of an audit. With
/// <see cref="Drift"/> every instance differs, a third in size, two thirds gone with as many unknown ones in their place.
/// </summary>
[MemoryDiagnoser]
public class NodeAudit
{
    private const int Instances = 1_000;

    private NodeView _node = null!;
    private ObservedNode _observed = null!;
    private long _lastSequence;

    /// <summary>Whether the host differs from the ledger.</summary>
    [Params(false, true)]
    public bool Drift { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        var node = DrivenNode.Registered(
            Sample.Spec("node-1", (ResourceClass.Vcpu, Sample.Inventory(1 << 20)), (ResourceClass.MemoryMb, Sample.Inventory(1 << 30))));
        for (var i = 0; i < Instances; i++)
            node.Confirm(node.Claim($"instance-{i}", Sample.Amounts(2, 2_048)));
        _node = node.View;
        _lastSequence = node.View.Claims.Keys.Max();
        _observed = new ObservedNode(
            node.View.Generation, Sample.Now, AuditScopes.Instances | AuditScopes.Inventories, node.View.Spec.Inventories, null, [],
            ValueList.From(node.View.Claims.Values.Select((claim, i) => Seen(claim, Drift ? i % 3 : -1))));
    }

    [Benchmark]
    public long AuditAndApply()
    {
        var decision = DriftRules.Audit(
            _node,
            _observed,
            new AuditOrder(
                new AuditId(1, 1), AuditMode.Heal, "agent", null, Sample.Now, Sample.Now.Add(-TimeSpan.FromHours(1)),
                new OrphanBounds(0, 0, UnconfirmedPercent: 100), _ => default, () => new ClaimId(1, ++_lastSequence)));
        var ledger = new NodeLedger(_node);
        foreach (var change in decision.Changes)
            ledger.Apply(change);
        return ledger.View.Generation;
    }

    private static ObservedInstance Seen(Claim claim, int drift) => new(
        drift > 0 ? claim.Instance with { Id = new InstanceId($"{claim.Instance.Id}-{drift}") } : claim.Instance,
        drift == 0 ? Sample.Amounts(3, 2_048) : claim.Amounts,
        [],
        []);
}
