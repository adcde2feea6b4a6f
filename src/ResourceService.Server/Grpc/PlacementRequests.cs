using ResourceService.Ledger;
using ResourceService.Ledger.Candidates;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Numa;

namespace ResourceService.Server.Grpc;

/// <summary>Reads what a request needs inside its node: NUMA cells and devices, checking every field.</summary>
internal static class PlacementRequests
{
    private const int CellsMax = 16;
    private const int CpuMax = 8191;
    private const long MemoryMbMax = int.MaxValue;
    private const long PageSizeKbMax = 1L << 40;
    private const int DeviceCountMax = 255;
    private const int AlternativesMax = 16;
    private const int TagsMax = 64;

    /// <summary>The cells, in the field <c>numa</c>; meaningless after a violation.</summary>
    public static NumaRequest? Read(V1.NumaRequest? message, FieldViolations violations)
    {
        if (message is null)
            return null;
        violations.Enter("numa");
        if (message.Cells.Count == 0)
            violations.Add("cells", "must have at least one cell");
        violations.CountAtMost("cells", message.Cells.Count, CellsMax);
        var policy = ToLedger(violations.Enum("cpu_policy", message.CpuPolicy, required: false));
        violations.Enum("thread_policy", message.ThreadPolicy, required: false);
        violations.Enum("emulator_threads_policy", message.EmulatorThreadsPolicy, required: false);
        // As in Nova: without pinned CPUs there is nothing that these could mean.
        if (policy == CpuPolicy.Shared && message.ThreadPolicy != V1.CpuThreadPolicy.Unspecified)
            violations.Add("thread_policy", "must be unset unless cpu_policy is DEDICATED or MIXED");
        if (policy == CpuPolicy.Shared && message.EmulatorThreadsPolicy == V1.EmulatorThreadsPolicy.Isolate)
            violations.Add("emulator_threads_policy", "must not be ISOLATE unless cpu_policy is DEDICATED or MIXED");
        var pack = ResourceRequests.Strategy("cell_strategy", message.CellStrategy, violations) == Strategy.Pack;

        var seen = new HashSet<int>();
        var cells = new List<NumaCellRequest>();
        foreach (var cell in message.Cells.Take(CellsMax))
        {
            violations.Enter("cells", cells.Count);
            cells.Add(Read(cell, policy, seen, violations));
            violations.Leave();
        }

        // Nova's rule for flavors. A guest that only floats, or only pins, has a policy of its own.
        if (policy == CpuPolicy.Mixed && !(cells.Exists(cell => cell.SharedVcpus.Count > 0) && cells.Exists(cell => cell.DedicatedVcpus.Count > 0)))
            violations.Add("cpu_policy", "must not be MIXED unless the cells have at least one shared and one dedicated vCPU");
        violations.Leave();
        return new NumaRequest(ValueList.From(cells), policy, ToLedger(message.ThreadPolicy), ToLedger(message.EmulatorThreadsPolicy), pack);
    }

    /// <summary>The devices, in the field <c>devices</c>; meaningless after a violation.</summary>
    public static ValueList<DeviceRequest> Read(IReadOnlyList<V1.DeviceRequest> messages, FieldViolations violations)
    {
        if (messages.Count == 0)
            return [];
        violations.CountAtMost("devices", messages.Count, DeviceRequest.RequestsMax);
        var names = new HashSet<string>(StringComparer.Ordinal);
        var requests = new List<DeviceRequest>();
        foreach (var message in messages.Take(DeviceRequest.RequestsMax))
        {
            violations.Enter("devices", requests.Count);
            if (!names.Add(violations.RequiredId("name", message.Name)))
                violations.Add("name", message.Name, "is the name of another device request");
            requests.Add(Read(message, violations));
            violations.Leave();
        }

        return ValueList.From(requests);
    }

    private static NumaCellRequest Read(V1.NumaCellRequest message, CpuPolicy policy, HashSet<int> seen, FieldViolations violations)
    {
        var shared = GuestCpus("shared_vcpus", message.SharedVcpus, seen, violations);
        var dedicated = GuestCpus("dedicated_vcpus", message.DedicatedVcpus, seen, violations);
        if (policy == CpuPolicy.Shared && message.DedicatedVcpus.Count > 0)
            violations.Add("dedicated_vcpus", "must be empty unless cpu_policy is DEDICATED or MIXED");
        if (policy == CpuPolicy.Dedicated && message.SharedVcpus.Count > 0)
            violations.Add("shared_vcpus", "must be empty when cpu_policy is DEDICATED");
        violations.Between("memory_mb", message.MemoryMb, 1, MemoryMbMax);
        var pages = message.PageSizeCase switch
        {
            V1.NumaCellRequest.PageSizeOneofCase.PageSizePolicy =>
                ToLedger(violations.Enum("page_size_policy", message.PageSizePolicy, required: true)),
            V1.NumaCellRequest.PageSizeOneofCase.PageSizeKb => PageSizePolicy.Explicit,
            _ => PageSizePolicy.None,
        };
        var sizeKb = pages == PageSizePolicy.Explicit ? violations.Between("page_size_kb", message.PageSizeKb, 1, PageSizeKbMax) : 0;
        return new NumaCellRequest(shared, dedicated, message.MemoryMb, pages, sizeKb);
    }

    private static CpuSet GuestCpus(string field, IReadOnlyList<int> cpus, HashSet<int> seen, FieldViolations violations)
    {
        violations.CountAtMost(field, cpus.Count, CpuMax + 1);
        foreach (var cpu in cpus.Take(CpuMax + 1))
        {
            violations.Between(field, cpu, 0, CpuMax);
            if (!seen.Add(cpu))
                violations.Add(field, $"has guest CPU {cpu}, which the request names twice");
        }

        return CpuSet.From(cpus.Take(CpuMax + 1).Where(cpu => cpu is >= 0 and <= CpuMax));
    }

    private static DeviceRequest Read(V1.DeviceRequest message, FieldViolations violations)
    {
        var count = message.HasCount ? (int)violations.Between("count", message.Count, 1, DeviceCountMax) : 1;
        violations.Enum("numa_policy", message.NumaPolicy, required: false);
        if (message.Alternatives.Count == 0)
            violations.Add("alternatives", "must have at least one description");
        violations.CountAtMost("alternatives", message.Alternatives.Count, AlternativesMax);
        var alternatives = new List<DeviceDescription>();
        foreach (var description in message.Alternatives.Take(AlternativesMax))
        {
            violations.Enter("alternatives", alternatives.Count);
            alternatives.Add(Read(description, violations));
            violations.Leave();
        }

        return new DeviceRequest(message.Name, count, ValueList.From(alternatives), ToLedger(message.NumaPolicy));
    }

    private static DeviceDescription Read(V1.DeviceSpec message, FieldViolations violations)
    {
        if (message.VendorId.Length > 0)
            violations.PciId("vendor_id", message.VendorId);
        if (message.ProductId.Length > 0)
            violations.PciId("product_id", message.ProductId);
        violations.Enum("type", message.Type, required: false);
        return new DeviceDescription(
            OrNull(message.VendorId),
            OrNull(message.ProductId),
            message.Type == V1.DeviceType.Unspecified ? null : NodeSpecs.ToLedger(message.Type),
            Tags(message.Tags, violations));
    }

    /// <summary>Tags of a device, in the field <c>tags</c>: ordered by key.</summary>
    public static ValueList<KeyValuePair<string, string>> Tags(IDictionary<string, string> tags, FieldViolations violations)
    {
        violations.CountAtMost("tags", tags.Count, TagsMax);
        foreach (var (key, value) in tags.Take(TagsMax))
        {
            violations.RequiredId("tags key", key);
            violations.Text($"tags[{FieldViolations.Show(key)}]", value);
        }

        return ValueList.From(tags.OrderBy(tag => tag.Key, StringComparer.Ordinal));
    }

    private static string? OrNull(string text) => text.Length == 0 ? null : text;

    private static CpuPolicy ToLedger(V1.CpuPolicy policy) => policy switch
    {
        V1.CpuPolicy.Dedicated => CpuPolicy.Dedicated,
        V1.CpuPolicy.Mixed => CpuPolicy.Mixed,
        _ => CpuPolicy.Shared,
    };

    /// <summary>The ledger's thread policy; PREFER when unset.</summary>
    public static CpuThreadPolicy ToLedger(V1.CpuThreadPolicy policy) => policy switch
    {
        V1.CpuThreadPolicy.Require => CpuThreadPolicy.Require,
        V1.CpuThreadPolicy.Isolate => CpuThreadPolicy.Isolate,
        _ => CpuThreadPolicy.Prefer,
    };

    private static EmulatorThreadsPolicy ToLedger(V1.EmulatorThreadsPolicy policy) => policy switch
    {
        V1.EmulatorThreadsPolicy.Share => EmulatorThreadsPolicy.Share,
        V1.EmulatorThreadsPolicy.Isolate => EmulatorThreadsPolicy.Isolate,
        _ => EmulatorThreadsPolicy.WithVcpus,
    };

    private static PageSizePolicy ToLedger(V1.PageSizePolicy policy) => policy switch
    {
        V1.PageSizePolicy.Small => PageSizePolicy.Small,
        V1.PageSizePolicy.Large => PageSizePolicy.Large,
        _ => PageSizePolicy.Any,
    };

    private static DeviceNumaPolicy ToLedger(V1.DeviceNumaPolicy policy) => policy switch
    {
        V1.DeviceNumaPolicy.Required => DeviceNumaPolicy.Required,
        V1.DeviceNumaPolicy.Preferred => DeviceNumaPolicy.Preferred,
        V1.DeviceNumaPolicy.Socket => DeviceNumaPolicy.Socket,
        _ => DeviceNumaPolicy.Legacy,
    };
}
