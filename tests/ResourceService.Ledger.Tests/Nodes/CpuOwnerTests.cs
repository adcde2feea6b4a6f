using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Nodes;

public class CpuOwnerTests
{
    // Two cells of two cores of two threads: 0 to 3, 4 to 7.
    private static readonly NumaTopology _host = NumaSample.Host(2, 2, 2);

    private static readonly NumaRequest _isolated = NumaSample.Pinned(NumaSample.Asked(dedicated: 1)) with
    {
        ThreadPolicy = CpuThreadPolicy.Isolate,
        EmulatorThreads = EmulatorThreadsPolicy.Isolate,
    };

    [Fact]
    public void Vcpus_emulators_and_siblings_kept_idle_are_told_apart()
    {
        var node = Host();
        var claim = Claim(node, "first", _isolated);

        var owners = CpuOwner.ByCell(node.View);

        Assert.Equal([(0, CpuUse.Vcpu, 0), (1, CpuUse.IdleSibling, null), (2, CpuUse.Emulator, null), (3, CpuUse.IdleSibling, null)], Told(owners[0]));
        Assert.Empty(owners[1]);
        Assert.All(owners[0], owner => Assert.Equal(claim, owner.Claim));
    }

    [Fact]
    public void Owners_are_those_of_the_pinned_cpus_wherever_the_host_reports_them()
    {
        var node = Host();
        Claim(node, "first", _isolated);
        Claim(node, "second", NumaSample.Pinned(NumaSample.Asked(dedicated: 3)));
        Assert.Equal([4, 3], CpuOwner.ByCell(node.View).Select(cell => cell.Count));

        // Numbers exchanged, one CPU in the other cell, and one CPU that is gone.
        foreach (var cpus in new int[][][] { [[4, 5, 6, 7], [0, 1, 2, 3]], [[0, 1, 2], [3, 4, 5, 6, 7]], [[0, 1, 2], [4, 5, 6, 7]] })
        {
            Register(node, Topology(cpus));
            var owners = CpuOwner.ByCell(node.View);

            Assert.Equal(node.View.NumaUsage.Cells.Select(cell => cell.PinnedCpus.ToArray()), owners.Select(cell => cell.Select(owner => owner.Cpu).ToArray()));
            Assert.All(owners.SelectMany(cell => cell), owner => Assert.True(CpuOwner.Owns(owner.Claim, owner.Cpu)));
        }
    }

    [Fact]
    public void A_claim_owns_its_own_cpus_and_no_others()
    {
        var node = Host();
        var claim = Claim(node, "first", NumaSample.Pinned(NumaSample.Asked(dedicated: 3)));

        Assert.Equal(claim.Assignment.Cells.SelectMany(cell => cell.OwnedCpus()).Order(), Enumerable.Range(0, 8).Where(cpu => CpuOwner.Owns(claim, cpu)));
    }

    [Fact]
    public void A_node_without_cells_has_no_owners() => Assert.Empty(CpuOwner.ByCell(DrivenNode.Registered().View));

    private static IEnumerable<(int, CpuUse, int?)> Told(IReadOnlyList<CpuOwner> owners) => owners.Select(owner => (owner.Cpu, owner.Use, owner.GuestCpu));

    private static DrivenNode Host() => DrivenNode.Registered(Sample.Spec() with { Numa = _host });

    private static void Register(DrivenNode node, NumaTopology topology) =>
        Assert.Null(node.Decide(view => NodeRules.Register(view, view.Spec with { Numa = topology }, null, Sample.Now)).Refusal);

    private static NumaTopology Topology(int[][] cpus) => new(ValueList.From(cpus.Select(
        (ofCell, i) => new NumaCell(i, null, CpuSet.From(ofCell), CpuSet.From(ofCell), [], 16_384, []))));

    private static Claim Claim(DrivenNode node, string instance, NumaRequest numa)
    {
        var request = Sample.Request(Sample.Amounts(1, 256)) with { Numa = numa };
        var candidate = Sample.HeldClaim(node.NextClaimId(), Sample.Instance(instance), request.Amounts) with { Request = request };
        var decision = node.Decide(view => ClaimRules.Claim(view, request, null, candidate));
        Assert.Null(decision.Refusal);
        return ((ClaimChanged)decision.Changes[0]).After;
    }
}
