using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Building;

namespace ResourceService.Ledger.Tests.Numa;

/// <summary>Everything that a fit is decided on.</summary>
internal sealed record NumaProblem(NumaTopology Host, NumaUsage Usage, NumaRequest Request)
{
    public double? CpuAllocationRatio { get; init; }

    public double? RamAllocationRatio { get; init; }

    public int[] FreeDevices { get; init; } = [];

    public CellVeto? Accepts { get; init; }

    /// <summary>What the fit gives; null when it refuses.</summary>
    public ValueList<CellAssignment>? Assign() => Assign(Accepts is null ? null : new UnexplainedTest(Accepts));

    public ValueList<CellAssignment>? Assign(CellSelectionTest? test) =>
        NumaFit.TryAssign(Host, Usage, Request, CpuAllocationRatio, RamAllocationRatio, FreeDevices, test, out var cells) ? cells : null;

    public IReadOnlyList<RefusedDimension> Explain()
    {
        var refused = new List<RefusedDimension>();
        NumaFit.Explain(Host, Usage, Request, CpuAllocationRatio, RamAllocationRatio, refused);
        return refused;
    }
}
