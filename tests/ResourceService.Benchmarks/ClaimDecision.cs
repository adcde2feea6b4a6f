using BenchmarkDotNet.Attributes;
using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;

namespace ResourceService.Benchmarks;

/// <summary>What it costs to decide, without a disk: the fit alone, a decision, and a claim applied and released again.</summary>
[MemoryDiagnoser]
[ShortRunJob]
public class ClaimDecision
{
    private static readonly ResourceRequest _fits = Sample.Request(Amounts(2));
    private static readonly ResourceRequest _refused = Sample.Request(Amounts(1_000));

    private DrivenNode _node = null!;
    private Claim _candidate = null!;

    /// <summary>Claims that live on the node.</summary>
    [Params(0, 100)]
    public int Claims { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _node = DrivenNode.Registered(Sample.Spec(
            "node-1", (ResourceClass.Vcpu, Sample.Inventory(256)), (ResourceClass.MemoryMb, Sample.Inventory(1_000_000)),
            (ResourceClass.DiskGb, Sample.Inventory(10_000))));
        for (var i = 0; i < Claims; i++)
            _node.Claim($"instance-{i}", Amounts(2));
        _candidate = Sample.HeldClaim(new ClaimId(1, 1), Sample.Instance("candidate"), _fits.Amounts);
    }

    [Benchmark(Baseline = true)]
    public RefusalReason FitAccepts() => FitRules.Fit(_node.View, _fits, out _);

    [Benchmark]
    public RefusalReason FitRefuses() => FitRules.Fit(_node.View, _refused, out _);

    [Benchmark]
    public Decision ClaimAccepted() => ClaimRules.Claim(_node.View, _fits, null, _candidate);

    [Benchmark]
    public Decision ClaimRefusedWithReasons() => ClaimRules.Claim(_node.View, _refused, null, _candidate);

    [Benchmark]
    public NodeView ClaimAndReleaseApplied()
    {
        var ledger = new NodeLedger(_node.View);
        ledger.Apply(ClaimRules.Claim(ledger.View, _fits, null, _candidate).Changes[0]);
        ledger.Apply(ClaimRules.Release(ledger.View, _candidate.Id, null, "", Sample.Now).Changes[0]);
        return ledger.View;
    }

    private static ResourceAmounts Amounts(long vcpus) =>
        Sample.Amounts((ResourceClass.Vcpu, vcpus), (ResourceClass.MemoryMb, vcpus * 1_000), (ResourceClass.DiskGb, vcpus));
}
