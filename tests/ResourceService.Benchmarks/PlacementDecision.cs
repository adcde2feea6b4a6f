using BenchmarkDotNet.Attributes;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Tests.Building;

namespace ResourceService.Benchmarks;

/// <summary>
/// What it costs to find cells with devices near them on large hosts: where the devices are on the cells that are tried last, and where there is one
/// fewer than wanted near any cells.
/// </summary>
[MemoryDiagnoser]
[ShortRunJob]
public class PlacementDecision
{
    private const int GuestCells = 8;

    private NodeView _devicesLast = null!;
    private NodeView _oneOnEach = null!;
    private ResourceRequest _fitting = null!;
    private ResourceRequest _oneTooMany = null!;

    /// <summary>Cells of the host.</summary>
    [Params(24, 64, 128)]
    public int Cells { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _devicesLast = LargeHost.Node(
            Cells, cell => cell < Cells - GuestCells ? [LargeHost.Disk(cell, 0), LargeHost.Disk(cell, 1)] : [LargeHost.Gpu(cell, 0)]);
        _oneOnEach = LargeHost.Node(Cells, cell => [LargeHost.Gpu(cell, 0)]);
        _fitting = LargeHost.Request(GuestCells, LargeHost.Gpus(GuestCells));
        _oneTooMany = LargeHost.Request(GuestCells, LargeHost.Gpus(GuestCells + 1));
        if (DevicesOnTheLastCells() != RefusalReason.None || OneDeviceTooMany() == RefusalReason.None)
            throw new InvalidOperationException("The host is not as meant.");
    }

    [Benchmark]
    public RefusalReason DevicesOnTheLastCells() => FitRules.Fit(_devicesLast, _fitting, out _);

    [Benchmark]
    public RefusalReason OneDeviceTooMany() => FitRules.Fit(_oneOnEach, _oneTooMany, out _);

    [Benchmark]
    public int RefusalExplained() => FitRules.Explain(_oneOnEach, _oneTooMany).Count;
}
