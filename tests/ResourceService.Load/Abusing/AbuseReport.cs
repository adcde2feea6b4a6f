namespace ResourceService.Load.Abusing;

/// <summary>All kinds of abuse, one after the other on one server.</summary>
internal sealed record AbuseReport(IReadOnlyList<AbuseRow> Rows)
{
    private const double P99RatioMax = 10;
    private const double MemoryRatioMax = 1.2;
    private const double IdleCpuMax = 0.05;

    /// <summary>What did not stay within its bound, a line each.</summary>
    public IReadOnlyList<string> Excesses() =>
    [
        .. Rows.Where(row => row.P99Ratio > P99RatioMax).Select(row => $"{row.Kind}: p99 is {row.P99Ratio:0.0} times that of alone, {P99RatioMax} are allowed"),
        .. Rows.Where(row => row.MemoryRatio > MemoryRatioMax).Select(row => $"{row.Kind}: memory is {row.MemoryRatio:0.00} times that of before, {MemoryRatioMax} are allowed"),
        .. Rows.Where(row => row.IdleCpu > IdleCpuMax).Select(row => $"{row.Kind}: {row.IdleCpu:P0} of a core at rest, {IdleCpuMax:P0} are allowed"),
        .. Rows.Where(row => row.Errors.Count > 0).Select(row => $"{row.Kind}: the healthy caller got errors"),
    ];
}
