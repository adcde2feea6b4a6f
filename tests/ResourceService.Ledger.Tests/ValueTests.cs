using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests;

/// <summary>The values that pictures are made of compare by content: a repeated report is recognised by it.</summary>
public class ValueTests
{
    [Fact]
    public void Amounts_are_equal_in_any_order_of_their_classes() => AssertSame(
        Sample.Amounts((ResourceClass.Vcpu, 2), (ResourceClass.MemoryMb, 512)),
        Sample.Amounts((ResourceClass.MemoryMb, 512), (ResourceClass.Vcpu, 2)));

    [Fact]
    public void Amounts_that_are_not_positive_or_come_twice_break_an_invariant()
    {
        Assert.Throws<InvariantBrokenException>(() => Sample.Amounts((ResourceClass.Vcpu, 0)));
        Assert.Throws<InvariantBrokenException>(() => Sample.Amounts((ResourceClass.Vcpu, -1)));
        Assert.Throws<InvariantBrokenException>(() => Sample.Amounts((ResourceClass.Vcpu, 1), (ResourceClass.Vcpu, 2)));
    }

    [Fact]
    public void Amounts_of_a_class_not_named_are_zero() => Assert.Equal(0, Sample.Amounts(1, 1).Of(ResourceClass.DiskGb));

    [Fact]
    public void Lists_are_equal_when_their_elements_are()
    {
        ValueList<string> traits = ["A", "B"];
        AssertSame(traits, ValueList.From(new List<string> { "A", "B" }));
        Assert.NotEqual(traits, ["B", "A"]);
        Assert.Same(ValueList<string>.Empty, ValueList.From(Array.Empty<string>()));
    }

    [Fact]
    public void Cpu_sets_are_equal_in_any_order_and_count_each_cpu_once()
    {
        var cpus = CpuSet.From([3, 1, 3]);
        AssertSame(cpus, CpuSet.From([1, 3]));
        Assert.Equal([1, 3], cpus);
        Assert.True(cpus.Contains(3));
        Assert.False(cpus.Contains(2));
    }

    [Fact]
    public void Specs_are_equal_when_every_part_is()
    {
        var spec = Rich();
        AssertSame(spec, Rich());
        Assert.NotEqual(spec, spec with { Traits = ["OTHER"] });
        Assert.NotEqual(spec, spec with { Numa = null });
        Assert.NotEqual(spec, spec with { Inventories = InventoryTable.Empty });

        static NodeSpec Rich() => Sample.Spec() with
        {
            Numa = new NumaTopology([new NumaCell(0, 0, CpuSet.From([0, 1]), CpuSet.Empty, [CpuSet.From([0, 1])], 512, [new PagePool(4, 9, 1)])]),
            Traits = ["HW_CPU_X86_AVX2"],
            Labels = [KeyValuePair.Create("rack", "r1")],
        };
    }

    [Fact]
    public void A_spec_answers_for_its_traits_and_labels()
    {
        var spec = Sample.Spec() with { Traits = ["HW_CPU_X86_AVX2"], Labels = [KeyValuePair.Create("rack", "r1")] };
        Assert.True(spec.HasTrait("HW_CPU_X86_AVX2"));
        Assert.False(spec.HasTrait("hw_cpu_x86_avx2"));
        Assert.Equal("r1", spec.LabelOf("rack"));
        Assert.Null(spec.LabelOf("row"));
    }

    private static void AssertSame<T>(T expected, T actual)
    {
        Assert.Equal(expected, actual);
        Assert.True(expected!.Equals(actual));
        Assert.Equal(expected.GetHashCode(), actual!.GetHashCode());
    }
}
