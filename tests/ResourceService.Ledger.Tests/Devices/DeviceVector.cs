using System.Text.Json;
using System.Text.Json.Serialization;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Vectors;

namespace ResourceService.Ledger.Tests.Devices;

/// <summary>One recorded life of Nova's devices: what was asked, and what Nova did. Named as in the vectors' format.</summary>
internal sealed record DeviceVector(string Id, DeviceVectorInput Input, DeviceVectorExpectation Expected)
{
    private static readonly JsonSerializerOptions _options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>The vectors; null when there are none.</summary>
    public static IReadOnlyList<DeviceVector>? TryLoad() => VectorFiles.TryFind("pci.jsonl") is { } file
        ? [.. File.ReadLines(file).Select(line => JsonSerializer.Deserialize<DeviceVector>(line, _options)!)]
        : null;
}

internal sealed record DeviceVectorInput(
    IReadOnlyList<DeviceVectorCell>? HostCells, IReadOnlyList<Dictionary<string, string>> DeviceSpec, IReadOnlyList<DeviceVectorDevice> Devices,
    IReadOnlyList<DeviceVectorStep> Steps)
{
    public NumaTopology? Topology => HostCells is null
        ? null
        : new NumaTopology(ValueList.From(HostCells.Select(cell => new NumaCell(cell.Id, cell.Socket, CpuSet.Empty, CpuSet.Empty, [], 0, []))));

    /// <summary>
    /// What an agent reports of a hypervisor's devices: those that the operator listed, with the tags of the first entry that matches. Nova says of
    /// every function of a network card whether it is managed remotely.
    /// </summary>
    public ValueList<Device> Report(IReadOnlyList<DeviceVectorDevice> devices)
    {
        var reported = new List<Device>();
        foreach (var device in devices)
        {
            if (DeviceSpec.FirstOrDefault(device.IsListedIn) is not { } entry)
                continue;
            var tags = entry.Where(pair => pair.Key is not ("vendor_id" or "product_id" or "address")).ToList();
            if (device.Type != DeviceType.Pci && !entry.ContainsKey("remote_managed"))
                tags.Add(KeyValuePair.Create("remote_managed", "false"));
            reported.Add(new Device(
                device.Address, device.VendorId, device.ProductId, device.Type, device.ParentAddress, device.NumaNode,
                ValueList.From(tags.OrderBy(tag => tag.Key, StringComparer.Ordinal))));
        }

        return ValueList.From(reported);
    }
}

internal sealed record DeviceVectorCell(int Id, int? Socket);

internal sealed record DeviceVectorDevice(
    string Address, string VendorId, string ProductId, string DevType, int? NumaNode, string? ParentAddress)
{
    public DeviceType Type => TypeOf(DevType);

    public static DeviceType TypeOf(string name) => name switch
    {
        "type-PCI" => DeviceType.Pci,
        "type-PF" => DeviceType.PhysicalFunction,
        "type-VF" => DeviceType.VirtualFunction,
        "vdpa" => DeviceType.Vdpa,
        _ => throw new FormatException(name),
    };

    public bool IsListedIn(Dictionary<string, string> entry) =>
        entry.GetValueOrDefault("vendor_id", VendorId) == VendorId
        && entry.GetValueOrDefault("product_id", ProductId) == ProductId
        && (!entry.TryGetValue("address", out var pattern) || IsLike(pattern));

    // Domain, bus, slot and function, each a number or anything.
    private bool IsLike(string pattern) => Parts(pattern).Zip(Parts(Address)).All(pair => pair.First == "*" || pair.First == pair.Second);

    private static string[] Parts(string address) => address.Split(':', '.');
}

/// <summary>A step of any operation; <see cref="Op"/> says which parts are there.</summary>
internal sealed record DeviceVectorStep(
    string Op, string Instance, int[]? InstanceHostCells, IReadOnlyList<DeviceVectorRequest> Requests, IReadOnlyList<DeviceVectorDevice> Devices)
{
    public ValueList<DeviceRequest> ToLedger() => ValueList.From(Requests.Select(request => request.ToLedger()));
}

internal sealed record DeviceVectorRequest(string RequestId, int Count, string? NumaPolicy, IReadOnlyList<Dictionary<string, string>> Spec)
{
    public DeviceRequest ToLedger() => new(
        RequestId, Count, ValueList.From(Spec.Select(Describe)),
        NumaPolicy is null ? DeviceNumaPolicy.Legacy : Enum.Parse<DeviceNumaPolicy>(NumaPolicy, ignoreCase: true));

    private static DeviceDescription Describe(Dictionary<string, string> spec) => new(
        spec.GetValueOrDefault("vendor_id"),
        spec.GetValueOrDefault("product_id"),
        spec.TryGetValue("dev_type", out var type) ? DeviceVectorDevice.TypeOf(type) : null,
        ValueList.From(spec
            .Where(pair => pair.Key is not ("vendor_id" or "product_id" or "dev_type"))
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)));
}

internal sealed record DeviceVectorExpectation(IReadOnlyList<DeviceVectorOutcome> Steps, DeviceVectorQuirk? Quirk);

internal sealed record DeviceVectorQuirk(string Code, string[] AvailableNotPooled);

/// <param name="Accepted">Whether the claim was; null for a step that is no claim.</param>
/// <param name="Devices">Request and address of each device given.</param>
/// <param name="ClaimFailed">The error after a test that had passed.</param>
/// <param name="DevicesNotAvailable">By address: the status and, where there is one, the owner.</param>
internal sealed record DeviceVectorOutcome(
    bool? Accepted, string[][]? Devices, [property: JsonPropertyName("passed_test_but_claim_failed")] string? ClaimFailed,
    Dictionary<string, string[]> DevicesNotAvailable);
