using CsvHelper;

namespace ResourceService.Load.Replay;

/// <summary>A line of nodes.csv: what a real node has.</summary>
[CsvRecord]
internal sealed partial record NodeRow
{
    [CsvColumn("sn")]
    public required string NodeId { get; init; }

    [CsvColumn("cpu_milli")]
    public required long CpuMilli { get; init; }

    [CsvColumn("memory_mib")]
    public required long MemoryMib { get; init; }

    [CsvColumn("gpu")]
    public required long GpuCount { get; init; }

    [CsvColumn("model")]
    public required string GpuModel { get; init; }
}
