using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Claims;

/// <summary>
/// The refusal table of the one predicate: each reason by the smallest request that earns it, then requests that earn several, which show the
/// order. The node has 10 VCPU in steps of 2 up to 8 with 4 used, 1000 MEMORY_MB from 10 up, and the trait HAS.
/// </summary>
public class FitRulesTests
{
    private static readonly NodeView _node = Node();

    private static readonly Dictionary<string, (ResourceRequest Request, RefusedDimension[] Refused)> _rows = new(StringComparer.Ordinal)
    {
        ["all that is left fits"] = (Vcpus(6), []),
        ["nothing asked fits"] = (Sample.Request(ResourceAmounts.Empty), []),
        ["none of a set of traits is there"] =
            (Vcpus(2) with { AnyOfTraits = [["HAS", "LACKS"], ["LACKS", "LACKS_TOO"], ["NEITHER"]] },
                [new(RefusalReason.AnyOfTraitsMissing, "LACKS,LACKS_TOO", 0, 0, 0), new(RefusalReason.AnyOfTraitsMissing, "NEITHER", 0, 0, 0)]),
        ["one of each set of traits is there"] = (Vcpus(2) with { AnyOfTraits = [["HAS", "LACKS"], ["LACKS_TOO", "HAS"]] }, []),
        ["a trait is missing"] =
            (Vcpus(2) with { RequiredTraits = ["HAS", "LACKS"] }, [new(RefusalReason.TraitMissing, "LACKS", 0, 0, 0)]),
        ["a trait is forbidden"] =
            (Vcpus(2) with { ForbiddenTraits = ["LACKS", "HAS"] }, [new(RefusalReason.TraitForbidden, "HAS", 0, 0, 0)]),
        ["a class is not there"] =
            (Sample.Request(Sample.Amounts((ResourceClass.DiskGb, 1))), [new(RefusalReason.NoInventory, "DISK_GB", 1, 0, 0)]),
        ["below the smallest unit"] = (Memory(9), [new(RefusalReason.BelowMinUnit, "MEMORY_MB", 9, 1_000, 10)]),
        ["above the largest unit"] = (Vcpus(10), [new(RefusalReason.AboveMaxUnit, "VCPU", 10, 6, 8)]),
        ["no multiple of the step"] = (Vcpus(3), [new(RefusalReason.NotStepMultiple, "VCPU", 3, 6, 2)]),
        ["one step more than is left"] = (Vcpus(8), [new(RefusalReason.CapacityExceeded, "VCPU", 8, 6, 10)]),
        ["the largest amount there is"] =
            (Memory(long.MaxValue), [new(RefusalReason.CapacityExceeded, "MEMORY_MB", long.MaxValue, 1_000, 1_000)]),
        ["the request's limit allows it"] = (Vcpus(2) with { UsageLimits = VcpuLimit(6) }, []),
        ["more than the request's limit"] =
            (Vcpus(4) with { UsageLimits = VcpuLimit(6) }, [new(RefusalReason.LimitExceeded, "VCPU", 4, 2, 6)]),
        ["a limit already passed"] =
            (Vcpus(2) with { UsageLimits = VcpuLimit(3) }, [new(RefusalReason.LimitExceeded, "VCPU", 2, -1, 3)]),
        ["a limit above the capacity does not raise it"] =
            (Vcpus(8) with { UsageLimits = VcpuLimit(100) }, [new(RefusalReason.CapacityExceeded, "VCPU", 8, 6, 10)]),
        ["a limit of another class"] = (Vcpus(2) with { UsageLimits = Sample.Amounts((ResourceClass.MemoryMb, 1)) }, []),
        ["units come before capacity"] = (Vcpus(9), [new(RefusalReason.AboveMaxUnit, "VCPU", 9, 6, 8)]),
        ["everything that failed is told, traits first, then classes by name"] = (
            new ResourceRequest(
                Sample.Amounts((ResourceClass.Vcpu, 8), (ResourceClass.MemoryMb, 1_001), (ResourceClass.DiskGb, 1)),
                ["LACKS"], ["HAS"], ResourceAmounts.Empty),
            [
                new(RefusalReason.TraitMissing, "LACKS", 0, 0, 0),
                new(RefusalReason.TraitForbidden, "HAS", 0, 0, 0),
                new(RefusalReason.NoInventory, "DISK_GB", 1, 0, 0),
                new(RefusalReason.CapacityExceeded, "MEMORY_MB", 1_001, 1_000, 1_000),
                new(RefusalReason.CapacityExceeded, "VCPU", 8, 6, 10),
            ]),
    };

    public static TheoryData<string> Rows => [.. _rows.Keys];

    [Theory]
    [MemberData(nameof(Rows))]
    public void Explain_names_every_dimension_that_failed(string row) =>
        Assert.Equal(_rows[row].Refused, FitRules.Explain(_node, _rows[row].Request));

    [Theory]
    [MemberData(nameof(Rows))]
    public void First_refusal_is_the_first_that_explain_names(string row)
    {
        var (request, refused) = _rows[row];
        Assert.Equal(refused.Length == 0 ? RefusalReason.None : refused[0].Reason, FitRules.Fit(_node, request, out _));
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void First_refusal_allocates_nothing(string row)
    {
        var request = _rows[row].Request;
        FitRules.Fit(_node, request, out _);
        var before = GC.GetAllocatedBytesForCurrentThread();
        FitRules.Fit(_node, request, out _);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Every_reason_about_traits_and_amounts_has_a_row()
    {
        // The others are of whole nodes, and are given before the fit is asked, or of the inside of a node, and have tests of their own.
        RefusalReason[] others = [RefusalReason.None, RefusalReason.NodeNotEnabled, RefusalReason.NodeFiltered];
        var covered = _rows.Values.SelectMany(row => row.Refused).Select(dimension => dimension.Reason).Distinct();
        var expected = Enum.GetValues<RefusalReason>().Where(reason => reason is <= RefusalReason.CapacityExceeded or RefusalReason.AnyOfTraitsMissing);
        Assert.Equal(expected.Except(others).Order(), covered.Order());
    }

    [Fact]
    public void What_is_available_is_negative_while_an_overage_lasts()
    {
        var node = DrivenNode.Registered();
        node.Claim("instance-1", Sample.Amounts(8, 512));
        node.Decide(view => NodeRules.Register(
            view, Sample.Spec(Sample.NodeName, (ResourceClass.Vcpu, Sample.Inventory(4)), (ResourceClass.MemoryMb, Sample.Inventory(16_384))), null,
            Sample.Now));

        var refused = Assert.Single(FitRules.Explain(node.View, Sample.Request(Sample.Amounts(1, 1))));
        Assert.Equal(new RefusedDimension(RefusalReason.CapacityExceeded, "VCPU", 1, -4, 4), refused);
    }

    [Fact]
    public void A_class_filled_up_to_the_largest_amount_refuses_one_more()
    {
        var node = DrivenNode.Registered(Sample.Spec(Sample.NodeName, (ResourceClass.DiskGb, Sample.Inventory(long.MaxValue))));
        node.Claim("instance-1", Sample.Amounts((ResourceClass.DiskGb, long.MaxValue)));

        Assert.Equal(
            RefusalReason.CapacityExceeded, FitRules.Fit(node.View, Sample.Request(Sample.Amounts((ResourceClass.DiskGb, long.MaxValue))), out _));
    }

    [Theory]
    [MemberData(nameof(Reasons))]
    public void Every_dimension_says_in_words_what_failed(RefusalReason reason)
    {
        var words = new RefusedDimension(reason, "SUBJECT", 7, 5, 3) { HostCellId = 41, RequestCell = 42 }.ToString();

        Assert.DoesNotContain(reason.ToString(), words, StringComparison.Ordinal);
        Assert.Equal(reason.SubjectKind() != RefusalSubject.Node, words.Contains("SUBJECT", StringComparison.Ordinal));
    }

    // A changed page size is about a cell, which the test of live migrations names.
    public static TheoryData<RefusalReason> Reasons =>
        [.. Enum.GetValues<RefusalReason>().Where(reason => reason is > RefusalReason.NodeFiltered and not RefusalReason.NumaPageSizeChanged)];

    private static NodeView Node()
    {
        var spec = Sample.Spec(
            Sample.NodeName, (ResourceClass.Vcpu, Sample.Inventory(10, maxUnit: 8, stepSize: 2)),
            (ResourceClass.MemoryMb, Sample.Inventory(1_000, minUnit: 10)));
        var node = DrivenNode.Registered(spec with { Traits = ["HAS"] });
        node.Claim("instance-1", Sample.Amounts((ResourceClass.Vcpu, 4)));
        return node.View;
    }

    private static ResourceRequest Vcpus(long amount) => Sample.Request(Sample.Amounts((ResourceClass.Vcpu, amount)));

    private static ResourceRequest Memory(long amount) => Sample.Request(Sample.Amounts((ResourceClass.MemoryMb, amount)));

    private static ResourceAmounts VcpuLimit(long limit) => Sample.Amounts((ResourceClass.Vcpu, limit));
}
