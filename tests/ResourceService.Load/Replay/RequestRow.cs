using CsvHelper;

namespace ResourceService.Load.Replay;

/// <summary>A line of requests.csv: what a real workload asked for, and from when until when. Times are seconds of the trace.</summary>
[CsvRecord]
internal sealed partial record RequestRow
{
    [CsvColumn("name")]
    public required string Name { get; init; }

    [CsvColumn("cpu_milli")]
    public required long CpuMilli { get; init; }

    [CsvColumn("memory_mib")]
    public required long MemoryMib { get; init; }

    [CsvColumn("num_gpu")]
    public required long GpuCount { get; init; }

    /// <summary>Share of its one GPU, in thousandths. With several GPUs each is taken whole.</summary>
    [CsvColumn("gpu_milli")]
    public required long GpuMilli { get; init; }

    /// <summary>Models that will do, separated by |. Empty: any.</summary>
    [CsvColumn("gpu_spec")]
    public required string GpuModels { get; init; }

    [CsvColumn("creation_time")]
    public required long CreationTime { get; init; }

    /// <summary>Null when the trace ended first.</summary>
    [CsvColumn("deletion_time")]
    public required long? DeletionTime { get; init; }
}
