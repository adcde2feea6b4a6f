using Xunit;

namespace ResourceService.Ledger.Tests;

public class ResourceClassTests
{
    private static readonly string _longestCustomName = "CUSTOM_" + new string('A', ResourceClass.NameLengthMax - "CUSTOM_".Length);

    [Theory]
    [InlineData("VCPU")]
    [InlineData("PCPU")]
    [InlineData("MEMORY_MB")]
    [InlineData("DISK_GB")]
    [InlineData("VGPU")]
    [InlineData("NET_PACKET_RATE_IGR_KILOPACKET_PER_SEC")]
    [InlineData("CUSTOM_A")]
    [InlineData("CUSTOM_PMEM_4GB")]
    [InlineData("CUSTOM__")]
    public void Standard_and_well_formed_custom_names_are_classes(string name)
    {
        Assert.True(ResourceClass.TryParse(name, out var resourceClass));
        Assert.Equal(name, resourceClass.Name);
    }

    [Theory]
    [InlineData("")]
    [InlineData("CUSTOM_")]
    [InlineData("CUSTOM_a")]
    [InlineData("CUSTOM_A-B")]
    [InlineData("CUSTOM_Ä")]
    [InlineData("CUSTOM_A ")]
    [InlineData("custom_A")]
    [InlineData("vcpu")]
    [InlineData("VCPU ")]
    [InlineData("NOT_A_CLASS")]
    public void Other_names_are_no_classes(string name) => Assert.False(ResourceClass.TryParse(name, out _));

    [Fact]
    public void The_longest_custom_name_is_a_class_and_one_letter_more_is_not()
    {
        Assert.True(ResourceClass.TryParse(_longestCustomName, out _));
        Assert.False(ResourceClass.TryParse(_longestCustomName + "A", out _));
    }

    [Fact]
    public void Classes_are_ordered_by_ordinal_name()
    {
        Assert.True(ResourceClass.DiskGb < ResourceClass.MemoryMb);
        Assert.True(ResourceClass.MemoryMb <= new ResourceClass("MEMORY_MB"));
        Assert.True(ResourceClass.Vcpu > ResourceClass.Pcpu);
        Assert.True(ResourceClass.Vcpu >= new ResourceClass("VCPU"));
    }
}
