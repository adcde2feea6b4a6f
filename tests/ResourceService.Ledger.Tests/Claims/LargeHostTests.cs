using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Claims;

/// <summary>Hosts of many cells, on which the devices wanted are where Nova's order looks last.</summary>
public class LargeHostTests
{
    /// <summary>Cells of the host, cells of the guest, devices wanted near them.</summary>
    public static TheoryData<int, int, int> Hosts => new()
    {
        { 15, 8, 8 }, { 24, 5, 5 }, { 32, 4, 4 }, { 64, 3, 3 }, { 64, 16, 16 }, { 128, 2, 2 }, { 128, 4, 1 }, { 128, 16, 16 },
    };

    [Theory]
    [MemberData(nameof(Hosts))]
    public void Devices_on_the_last_cells_are_found(int cells, int guestCells, int count)
    {
        var node = LargeHost.Node(cells, cell => cell < cells - count ? [LargeHost.Disk(cell, 0), LargeHost.Disk(cell, 1)] : [LargeHost.Gpu(cell, 0)]);
        var request = LargeHost.Request(guestCells, LargeHost.Gpus(count));

        Assert.Equal(RefusalReason.None, FitRules.Fit(node, request, out var given));
        Assert.Equal(Enumerable.Range(cells - count, count), given.Cells.Select(cell => cell.HostCellId).Order().TakeLast(count));
        Assert.Equal(count, given.Devices.Count);
        Assert.Empty(FitRules.Explain(node, request));
    }

    [Theory]
    [InlineData(24, 8, 9)]
    [InlineData(64, 16, 17)]
    [InlineData(128, 16, 17)]
    public void One_device_more_than_the_cells_can_have_is_refused_with_figures(int cells, int guestCells, int count)
    {
        var node = LargeHost.Node(cells, cell => [LargeHost.Gpu(cell, 0)]);
        var request = LargeHost.Request(guestCells, LargeHost.Gpus(count));

        var refused = Assert.Single(FitRules.Explain(node, request));

        Assert.NotEqual(RefusalReason.None, FitRules.Fit(node, request, out _));
        Assert.Equal(new RefusedDimension(RefusalReason.DeviceNumaPolicyUnmet, "gpu", count, guestCells, guestCells), refused);
        Assert.Equal($"device request gpu: {count} requested, {guestCells} of {guestCells} near the NUMA cells", refused.ToString());
    }

    [Fact]
    public void What_suits_one_request_on_one_half_and_the_other_on_the_other_half_is_counted_together()
    {
        // Two GPUs on each even cell, a disk on each odd one: four cells have eight GPUs or four disks, but not four GPUs and three disks.
        var node = LargeHost.Node(64, cell => cell % 2 == 0 ? [LargeHost.Gpu(cell, 0), LargeHost.Gpu(cell, 1)] : [LargeHost.Disk(cell, 0)]);

        Assert.Equal(RefusalReason.None, FitRules.Fit(node, LargeHost.Request(4, LargeHost.Gpus(4), LargeHost.Disks(2)), out _));
        Assert.NotEqual(RefusalReason.None, FitRules.Fit(node, LargeHost.Request(4, LargeHost.Gpus(4), LargeHost.Disks(3)), out _));
        Assert.NotEmpty(FitRules.Explain(node, LargeHost.Request(4, LargeHost.Gpus(4), LargeHost.Disks(3))));
    }

    [Fact]
    public void A_search_that_ends_says_so_and_at_which_bound()
    {
        // More requests than can be told apart, as an instance may have that audits found devices on: the first takes what the second needs.
        var node = LargeHost.Node(2, cell => [LargeHost.Gpu(cell, 0), .. Enumerable.Range(0, 70).Select(i => LargeHost.Disk(cell, i))]);
        var (gpu, disk) = (LargeHost.Gpus(1), LargeHost.Disks(1));
        var either = gpu with { Name = "either", Alternatives = [.. gpu.Alternatives, .. disk.Alternatives] };
        var request = LargeHost.Request(1, [either, gpu, .. Enumerable.Range(0, 63).Select(i => disk with { Name = $"disk-{i}" })]);

        var refused = Assert.Single(FitRules.Explain(node, request));

        Assert.Equal(RefusalReason.SearchLimit, refused.Reason);
        Assert.NotEqual(RefusalReason.None, FitRules.Fit(node, request, out _));
        Assert.Equal($"the search for a place ended at its bound of {refused.Capacity} steps: the request may fit", refused.ToString());
    }
}
