using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Numa;

/// <summary>A pinned CPU stays its instance's when the host reports it in another cell.</summary>
public class CpuOwnershipTests
{
    // Two cells of two CPUs each at first: 0 and 1, 2 and 3.
    public static readonly TheoryData<string, int[][]> Topologies = new()
    {
        { "another number", [[5, 0, 1], [1, 2, 3]] },
        { "numbers exchanged", [[0, 2, 3], [1, 0, 1]] },
        { "one CPU in the other cell", [[0, 0], [1, 1, 2, 3]] },
        { "one cell of all", [[1, 0, 1, 2, 3]] },
    };

    [Theory]
    [MemberData(nameof(Topologies))]
    public void Whatever_the_cells_are_called_by_now(string what, int[][] cells)
    {
        var node = DrivenNode.Registered(Spec([0, 0, 1], [1, 2, 3]));
        var first = Claim(node, "first");
        Assert.Equal([0, 1], Owned(first));
        Assert.True(Registers(node, Spec(cells)), what);

        var second = Claim(node, "second");
        Assert.Equal([2, 3], Owned(second));
        Assert.NotNull(TryClaim(node, "third").Refusal);
        Assert.True(node.View.NumaUsage.Cells.SequenceEqual(LedgerInvariants.SumNuma(node.View.Spec, node.View.Claims.Values).Cells));

        node.Release(first);
        node.Release(second);
        Assert.True(node.View.NumaUsage.Cells.SequenceEqual(NumaUsage.None(node.View.Spec.Numa).Cells));
    }

    private static bool Registers(DrivenNode node, NodeSpec spec) => node.Decide(view => NodeRules.Register(view, spec, null, Sample.Now)).Refusal is null;

    private static NodeSpec Spec(params int[][] cells) => Sample.Spec() with
    {
        Numa = new NumaTopology(ValueList.From(cells.Select(
            cell => new NumaCell(cell[0], null, CpuSet.Empty, CpuSet.From(cell.Skip(1)), [], 8_192, [])))),
    };

    private static Claim Claim(DrivenNode node, string instance) => ((ClaimChanged)TryClaim(node, instance).Changes[0]).After;

    private static Decision TryClaim(DrivenNode node, string instance)
    {
        var request = Sample.Request(Sample.Amounts(1, 256)) with { Numa = NumaSample.Pinned(NumaSample.Asked(dedicated: 2)) };
        var candidate = Sample.HeldClaim(node.NextClaimId(), Sample.Instance(instance), request.Amounts) with { Request = request };
        return node.Decide(view => ClaimRules.Claim(view, request, null, candidate));
    }

    private static IEnumerable<int> Owned(Claim claim) => claim.Assignment.Cells.SelectMany(cell => cell.OwnedCpus()).Order();
}
