using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Numa;
using Xunit;

namespace ResourceService.Ledger.Tests.Claims;

/// <summary>What a request is warned of: its amounts and its cells are two accounts.</summary>
public class RequestWarningsTests
{
    private const long Gib = 1_048_576;

    [Fact]
    public void A_request_whose_halves_agree_is_not_warned()
    {
        Assert.Empty(RequestWarnings.Of(Request([(ResourceClass.Vcpu, 7), (ResourceClass.MemoryMb, 99)], null)));
        Assert.Empty(RequestWarnings.Of(Request([(ResourceClass.Vcpu, 2), (ResourceClass.MemoryMb, 64)], Numa(CpuPolicy.Shared, Cell([0, 1], [], 64)))));
        Assert.Empty(RequestWarnings.Of(Request(
            [(ResourceClass.Vcpu, 1), (ResourceClass.Pcpu, 2), (ResourceClass.MemoryMb, 96)],
            Numa(CpuPolicy.Mixed, Cell([0], [1], 64), Cell([], [2], 32, PageSizePolicy.Small)))));
        // Huge pages that MEMORY_MB leaves out.
        Assert.Empty(RequestWarnings.Of(Request(
            [(ResourceClass.Pcpu, 2), (ResourceClass.MemoryMb, 32)],
            Numa(CpuPolicy.Dedicated, Cell([], [0], 64, PageSizePolicy.Large), Cell([], [1], 32)))));
    }

    [Fact]
    public void Pinned_CPUs_are_compared_with_PCPU_the_emulators_included()
    {
        var pins = Numa(CpuPolicy.Dedicated, Cell([], [0, 1], 64));
        (ResourceClass, long) memory = (ResourceClass.MemoryMb, 64);

        Assert.Equal([new(RequestWarningKind.PinnedCpusDiffer, ResourceClass.Pcpu, 0, 2)], RequestWarnings.Of(Request([memory], pins)));
        Assert.Equal([new(RequestWarningKind.PinnedCpusDiffer, ResourceClass.Pcpu, 1, 2)], RequestWarnings.Of(Request([(ResourceClass.Pcpu, 1), memory], pins)));
        var isolates = pins with { EmulatorThreads = EmulatorThreadsPolicy.Isolate };
        Assert.Equal(
            [new(RequestWarningKind.PinnedCpusDiffer, ResourceClass.Pcpu, 2, 3)], RequestWarnings.Of(Request([(ResourceClass.Pcpu, 2), memory], isolates)));
        Assert.Empty(RequestWarnings.Of(Request([(ResourceClass.Pcpu, 3), memory], isolates)));
        // As Nova's requests were before it had PCPU.
        Assert.Equal(
            [new(RequestWarningKind.PinnedCpusDiffer, ResourceClass.Pcpu, 0, 2), new(RequestWarningKind.FloatingCpusDiffer, ResourceClass.Vcpu, 2, 0)],
            RequestWarnings.Of(Request([(ResourceClass.Vcpu, 2), memory], pins)));
    }

    [Theory]
    [InlineData(PageSizePolicy.None, 0, 64, null, 0)]
    [InlineData(PageSizePolicy.None, 0, 65, RequestWarningKind.MemoryDiffers, 64)]
    [InlineData(PageSizePolicy.None, 0, 0, RequestWarningKind.MemoryDiffers, 64)]
    [InlineData(PageSizePolicy.Any, 0, 64, null, 0)]
    [InlineData(PageSizePolicy.Explicit, 64, 64, null, 0)]
    [InlineData(PageSizePolicy.Large, 0, 64, RequestWarningKind.HugePagesCountedTwice, 64)]
    [InlineData(PageSizePolicy.Explicit, Gib, 64, RequestWarningKind.HugePagesCountedTwice, 64)]
    [InlineData(PageSizePolicy.Explicit, Gib, 0, null, 0)]
    [InlineData(PageSizePolicy.Explicit, Gib, 63, RequestWarningKind.MemoryDiffers, 64)]
    public void Memory_is_compared_with_the_cells_and_their_huge_pages(
        PageSizePolicy policy, long sizeKb, long memoryMb, RequestWarningKind? expected, long ofCells)
    {
        var request = Request([(ResourceClass.Vcpu, 1), (ResourceClass.MemoryMb, memoryMb)], Numa(CpuPolicy.Shared, Cell([0], [], 64, policy, sizeKb)));

        Assert.Equal(
            expected is { } kind ? [new RequestWarning(kind, ResourceClass.MemoryMb, memoryMb, ofCells)] : [], RequestWarnings.Of(request));
    }

    private static ResourceRequest Request(IEnumerable<(ResourceClass Class, long Amount)> amounts, NumaRequest? numa) =>
        ResourceRequest.Of(ResourceAmounts.From(amounts.Where(item => item.Amount > 0).Select(item => new ResourceAmount(item.Class, item.Amount)))) with
        {
            Numa = numa,
        };

    private static NumaRequest Numa(CpuPolicy policy, params NumaCellRequest[] cells) =>
        new(ValueList.From(cells), policy, CpuThreadPolicy.Prefer, EmulatorThreadsPolicy.WithVcpus, PackCells: false);

    private static NumaCellRequest Cell(int[] shared, int[] dedicated, long memoryMb, PageSizePolicy policy = PageSizePolicy.None, long sizeKb = 0) =>
        new(CpuSet.From(shared), CpuSet.From(dedicated), memoryMb, policy, sizeKb);
}
