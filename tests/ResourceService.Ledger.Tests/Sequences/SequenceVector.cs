using System.Text.Json;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Building;
using ResourceService.Ledger.Tests.Devices;
using ResourceService.Ledger.Tests.Numa;
using ResourceService.Testing;

namespace ResourceService.Ledger.Tests.Sequences;

/// <summary>Whole lives of instances on a few hosts, as Nova's tracker kept their books. Named as in the vectors' format.</summary>
internal sealed record SequenceVector(string Id, SequenceInput Input, SequenceExpectation Expected)
{
    private static readonly JsonSerializerOptions _options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>The vectors; null when there are none.</summary>
    public static IReadOnlyList<SequenceVector>? TryLoad() => VectorFiles.TryFind("sequences.jsonl") is { } file
        ? [.. File.ReadLines(file).Select(line => JsonSerializer.Deserialize<SequenceVector>(line, _options)!)]
        : null;
}

internal sealed record SequenceInput(
    string Admission, IReadOnlyList<SequenceHost> Hosts, IReadOnlyList<SequenceFlavor> Flavors, IReadOnlyList<SequenceAlias> PciAliases,
    IReadOnlyList<SequenceStep> Operations)
{
    /// <summary>Whether Placement must grant the amounts first; otherwise only what is inside a node decides.</summary>
    public bool AmountsDecide => Admission == "placement_then_tracker";
}

internal sealed record SequenceHost(
    string Name, long MemoryMb, long DiskGb, long PlainVcpus, IReadOnlyList<NumaVectorCell> Cells, IReadOnlyList<DeviceVectorDevice> PciDevices,
    IReadOnlyList<Dictionary<string, string>> PciDeviceSpec, SequenceConfig Config)
{
    /// <summary>What the host's agent reports.</summary>
    public NodeSpec ToSpec(bool amountsDecide)
    {
        var cells = Cells.Select(cell => (cell with { PinnedCpus = [] }).ToLedger()).ToArray();
        var shared = cells.Aggregate(CpuSet.Empty, (sum, cell) => sum.Union(cell.SharedCpus));
        var dedicated = cells.Aggregate(CpuSet.Empty, (sum, cell) => sum.Union(cell.DedicatedCpus));
        var devices = new DeviceVectorInput(null, PciDeviceSpec, PciDevices, []).Report(PciDevices);
        List<(ResourceClass, Inventory)> inventories =
        [
            (ResourceClass.Vcpu, Inventory(cells.Length == 0 ? PlainVcpus : shared.Count, Config.ReservedCpus, Config.CpuAllocationRatio)),
            (ResourceClass.MemoryMb, Inventory(MemoryMb, Config.ReservedMemoryMb, Config.RamAllocationRatio)),
            (ResourceClass.DiskGb, Inventory(DiskGb, (Config.ReservedDiskMb + 1023) / 1024, Config.DiskAllocationRatio)),
        ];
        if (!dedicated.Equals(shared))
            inventories.Add((ResourceClass.Pcpu, Inventory(dedicated.Count, 0, 1.0)));
        var reported = amountsDecide ? inventories.Where(item => item.Item2.Total > 0).ToArray() : [];
        return Sample.Spec(Name, reported) with { Numa = cells.Length == 0 ? null : new NumaTopology(ValueList.From(cells)), Devices = devices };
    }

    private static Inventory Inventory(long total, long reserved, double ratio) => Sample.Inventory(total, reserved, ratio, maxUnit: Math.Max(1, total));
}

internal sealed record SequenceConfig(
    long ReservedMemoryMb, long ReservedDiskMb, long ReservedCpus, double CpuAllocationRatio, double RamAllocationRatio, double DiskAllocationRatio);

internal sealed record SequenceAlias(string Name, string VendorId, string ProductId, string DeviceType, string? NumaPolicy);

internal sealed record SequenceFlavor(
    string Name, int Vcpus, long MemoryMb, long RootGb, long EphemeralGb, long SwapMb, int? NumaCells, JsonElement? PageSize, string? CpuPolicy,
    string? ThreadPolicy, int[]? DedicatedVcpus, string? EmulatorThreadsPolicy, JsonElement? Pci)
{
    private bool HasCells => NumaCells is not null || PageSize is not null || CpuPolicy is "dedicated" or "mixed";

    /// <summary>What an instance of the flavor asks for, on a host with these ratios.</summary>
    public ResourceRequest ToRequest(SequenceInput input, SequenceConfig host, bool bootFromVolume) => new(
        input.AmountsDecide ? Amounts(bootFromVolume) : ResourceAmounts.Empty, [], [], ResourceAmounts.Empty)
    {
        Numa = HasCells ? Cells() : null,
        Devices = Devices(input),
        CpuAllocationRatio = host.CpuAllocationRatio,
        RamAllocationRatio = host.RamAllocationRatio,
    };

    /// <summary>Disk space in MiB, as the tracker counts it.</summary>
    public long DiskMb(bool bootFromVolume) => (((bootFromVolume ? 0 : RootGb) + EphemeralGb) * 1024) + SwapMb;

    private ResourceAmounts Amounts(bool bootFromVolume)
    {
        var pinned = CpuPolicy switch
        {
            "dedicated" => Vcpus,
            "mixed" => DedicatedVcpus!.Length,
            _ => 0,
        };
        var emulator = pinned > 0 && EmulatorThreadsPolicy == "isolate" ? 1 : 0;
        (ResourceClass Class, long Amount)[] amounts =
        [
            (ResourceClass.Vcpu, Vcpus - pinned), (ResourceClass.Pcpu, pinned + emulator), (ResourceClass.MemoryMb, MemoryMb),
            (ResourceClass.DiskGb, (bootFromVolume ? 0 : RootGb) + EphemeralGb + ((SwapMb + 1023) / 1024)),
        ];
        return Sample.Amounts([.. amounts.Where(item => item.Amount > 0)]);
    }

    private NumaRequest Cells()
    {
        var count = NumaCells ?? 1;
        var cells = Enumerable.Range(0, count).Select(cell =>
        {
            var vcpus = Enumerable.Range(cell * Vcpus / count, Vcpus / count).ToArray();
            var pinned = CpuPolicy switch
            {
                "dedicated" => vcpus,
                "mixed" => vcpus.Intersect(DedicatedVcpus!).ToArray(),
                _ => [],
            };
            return new NumaVectorRequestCell([.. vcpus.Except(pinned)], pinned, MemoryMb / count, PageSize, CpuPolicy, ThreadPolicy);
        });
        return new NumaVectorRequest(EmulatorThreadsPolicy, [.. cells]).ToLedger(pack: false);
    }

    private ValueList<DeviceRequest> Devices(SequenceInput input) => Pci is not { ValueKind: JsonValueKind.Array } pci
        ? []
        : ValueList.From(pci.EnumerateArray().Select(item =>
        {
            var alias = input.PciAliases.Single(known => known.Name == item[0].GetString());
            var policy = alias.NumaPolicy is null ? DeviceNumaPolicy.Legacy : Enum.Parse<DeviceNumaPolicy>(alias.NumaPolicy, ignoreCase: true);
            return new DeviceRequest(
                alias.Name, item[1].GetInt32(),
                [new DeviceDescription(alias.VendorId, alias.ProductId, DeviceVectorDevice.TypeOf(alias.DeviceType), [])], policy);
        }));
}

/// <summary>A step of any operation; <see cref="Op"/> says which parts are there.</summary>
internal sealed record SequenceStep(
    string Op, string? Host, string? Instance, string? Flavor, bool BootFromVolume, string? Kind, long MemoryMb, long DiskGb, bool LeaveAllocation,
    string? VmState, string? TaskState);

internal sealed record SequenceExpectation(bool Clean, IReadOnlyList<SequenceOutcome> Steps);

internal sealed record SequenceOutcome(
    string Result, string? By, string? Note, Dictionary<string, Dictionary<string, JsonElement>>? HostsChanged,
    Dictionary<string, Dictionary<string, JsonElement>>? Deviations)
{
    /// <summary>Whether Nova's books are no longer plain from here on; the truncation of disk space alone changes no decision.</summary>
    public bool LeavesPlainBooks =>
        Note is not null || Result == "error" || Deviations?.Values.Any(fields => fields.Keys.Any(name => name is not ("disk_used_gb" or "free_disk_gb"))) == true;
}
