using System.Text.Json;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Building;
using ResourceService.Testing;

namespace ResourceService.Ledger.Tests.Numa;

/// <summary>One decision of Nova: a request on a host, and what came of it. Named as in the vectors' format.</summary>
internal sealed record NumaVector(string Id, NumaVectorInput Input, NumaVectorExpectation Expected)
{
    private static readonly JsonSerializerOptions _options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>The vectors; null when there are none.</summary>
    public static IReadOnlyList<NumaVector>? TryLoad() => VectorFiles.TryFind("numa_fit.jsonl") is { } file
        ? [.. File.ReadLines(file).Select(line => JsonSerializer.Deserialize<NumaVector>(line, _options)!)]
        : null;
}

internal sealed record NumaVectorInput(NumaVectorHost Host, NumaVectorRequest Request, NumaVectorLimits? Limits, bool PackHostCells)
{
    public NumaProblem ToProblem()
    {
        var host = new NumaTopology(ValueList.From(Host.Cells.Select(cell => cell.ToLedger())));
        var usage = Host.Cells.Aggregate(NumaUsage.None(host), (sum, cell) => sum.Use(
            host, cell.Id, cell.PinnedCpus, cell.SharedCpusUsed, cell.MemoryUsedMb, cell.Pages.Select(pool => (pool.SizeKb, pool.Used))));
        return new NumaProblem(host, usage, Request.ToLedger(PackHostCells))
        {
            CpuAllocationRatio = Limits?.CpuAllocationRatio,
            RamAllocationRatio = Limits?.RamAllocationRatio,
        };
    }
}

internal sealed record NumaVectorLimits(double CpuAllocationRatio, double RamAllocationRatio);

internal sealed record NumaVectorHost(IReadOnlyList<NumaVectorCell> Cells);

internal sealed record NumaVectorCell(
    int Id, int? Socket, int[] SharedCpus, int[] DedicatedCpus, int[][] ThreadSiblings, int[] PinnedCpus, int SharedCpusUsed, long MemoryMb,
    long MemoryUsedMb, IReadOnlyList<NumaVectorPool> Pages)
{
    public NumaCell ToLedger() => new(
        Id, Socket, CpuSet.From(SharedCpus), CpuSet.From(DedicatedCpus), ValueList.From(ThreadSiblings.Select(CpuSet.From)), MemoryMb,
        ValueList.From(Pages.Select(pool => new PagePool(pool.SizeKb, pool.Total, pool.Reserved))));
}

internal sealed record NumaVectorPool(long SizeKb, long Total, long Used, long Reserved);

internal sealed record NumaVectorRequest(string? EmulatorThreadsPolicy, IReadOnlyList<NumaVectorRequestCell> Cells)
{
    public NumaRequest ToLedger(bool pack) => new(
        ValueList.From(Cells.Select(cell => cell.ToLedger())),
        Cells[0].CpuPolicy switch
        {
            null or "shared" => CpuPolicy.Shared,
            "dedicated" => CpuPolicy.Dedicated,
            "mixed" => CpuPolicy.Mixed,
            _ => throw new FormatException(Cells[0].CpuPolicy),
        },
        Cells[0].ThreadPolicy switch
        {
            null or "prefer" => CpuThreadPolicy.Prefer,
            "require" => CpuThreadPolicy.Require,
            "isolate" => CpuThreadPolicy.Isolate,
            _ => throw new FormatException(Cells[0].ThreadPolicy),
        },
        EmulatorThreadsPolicy switch
        {
            null => Ledger.Numa.EmulatorThreadsPolicy.WithVcpus,
            "share" => Ledger.Numa.EmulatorThreadsPolicy.Share,
            "isolate" => Ledger.Numa.EmulatorThreadsPolicy.Isolate,
            _ => throw new FormatException(EmulatorThreadsPolicy),
        },
        pack);
}

internal sealed record NumaVectorRequestCell(
    int[] SharedVcpus, int[] DedicatedVcpus, long MemoryMb, JsonElement? PageSize, string? CpuPolicy, string? ThreadPolicy)
{
    public NumaCellRequest ToLedger()
    {
        var (policy, sizeKb) = PageSize switch
        {
            null or { ValueKind: JsonValueKind.Null } => (PageSizePolicy.None, 0),
            { ValueKind: JsonValueKind.Number } size => (PageSizePolicy.Explicit, size.GetInt64()),
            { } name => (Enum.Parse<PageSizePolicy>(name.GetString()!, ignoreCase: true), 0),
        };
        return new NumaCellRequest(CpuSet.From(SharedVcpus), CpuSet.From(DedicatedVcpus), MemoryMb, policy, sizeKb);
    }
}

internal sealed record NumaVectorExpectation(
    bool Fits, IReadOnlyList<NumaVectorGrant>? Cells, IReadOnlyList<NumaVectorCellAfter>? HostAfter, NumaVectorQuirk? Quirk)
{
    /// <summary>What a search without the defects that the format describes decides.</summary>
    public bool ShouldFit => Quirk?.FitsWithIndependentPermutations ?? Fits;
}

internal sealed record NumaVectorQuirk(string Code, bool? FitsWithIndependentPermutations);

internal sealed record NumaVectorGrant(
    int RequestCellIndex, int HostCell, long? PageSizeKb, Dictionary<string, int>? Pinning, int[]? EmulatorCpus);

internal sealed record NumaVectorCellAfter(
    int Id, int[] PinnedCpus, long SharedCpusUsed, long MemoryUsedMb, Dictionary<string, long> PagesUsed);
