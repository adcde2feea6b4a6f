using System.Text.Json;
using System.Text.RegularExpressions;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Building;

namespace ResourceService.Ledger.Tests.Devices;

/// <summary>
/// One host of a recorded vector: what Nova's device tracker was asked is asked of the ledger's rules. The operator's list of devices is applied as an
/// agent would before it reports; a restart is a new report. Each accepted claim is recorded with the devices that Nova gave, so that a different
/// choice of equally good devices does not change what comes after.
/// </summary>
internal sealed class DeviceReplay
{
    private readonly JsonElement _input;
    private readonly DrivenNode _node;
    private readonly Dictionary<string, ClaimId> _held = new(StringComparer.Ordinal);
    private long _lastSequence = 1_000;

    public DeviceReplay(JsonElement input)
    {
        _input = input;
        _node = DrivenNode.Registered(Spec(input.GetProperty("devices")));
    }

    /// <summary>Whether a device was freed after the host had stopped to report it.</summary>
    public bool FreedVanished { get; private set; }

    /// <summary>What the ledger would give; null when it refuses.</summary>
    public ValueList<AssignedDevice>? Decide(JsonElement step)
    {
        int[] cells = step.GetProperty("instance_host_cells") is { ValueKind: JsonValueKind.Array } ids ? [.. ids.EnumerateArray().Select(id => id.GetInt32())] : [];
        var requests = ValueList.From(step.GetProperty("requests").EnumerateArray().Select(Request));
        var fits = DeviceFit.TryAssign(_node.View.Spec, _node.View.DeviceUsage, requests, cells, out var devices);
        var refused = new List<RefusedDimension>();
        DeviceFit.Explain(_node.View.Spec, _node.View.DeviceUsage, requests, cells, refused);
        Xunit.Assert.Equal(fits, refused.Count == 0);
        Xunit.Assert.Equal(fits, DeviceFit.Supports(_node.View.Spec, _node.View.DeviceUsage, requests, cells));
        return fits ? devices : null;
    }

    /// <summary>Nova's choice becomes the state.</summary>
    public void Claim(JsonElement step, JsonElement devices)
    {
        var instance = step.GetProperty("instance").GetString()!;
        var given = ValueList.From(devices.EnumerateArray().Select(device =>
        {
            var address = device[1].GetString()!;
            return new AssignedDevice(device[0].GetString()!, address, _node.View.Spec.Devices.Single(known => known.Address == address).ParentAddress);
        }));
        var id = new ClaimId(_node.View.NodeKey, ++_lastSequence);
        var claim = Sample.HeldClaim(id, Sample.Instance(instance), ResourceAmounts.Empty) with
        {
            Assignment = new Assignment([], given),
            Generation = _node.View.Generation + 1,
        };
        _node.Apply(Decision.Accept(new ClaimChanged(ChangeKind.InstanceClaimed, Sample.Now, null, claim, "")));
        _held[instance] = id;
    }

    public void Free(JsonElement step)
    {
        if (!_held.Remove(step.GetProperty("instance").GetString()!, out var id))
            return;
        FreedVanished |= DeviceFit.Missing(_node.View.Spec, _node.View.Claims.Values).Any(missing => missing.Claim.Id == id);
        _node.Decide(node => ClaimRules.Release(node, id, null, "freed", Sample.Now));
    }

    public void Restart(JsonElement step) =>
        _node.Decide(node => NodeRules.Register(node, Spec(step.GetProperty("devices")), null, Sample.Now));

    /// <summary>Every device that cannot be had, with the instance that owns it; empty for one that is only blocked.</summary>
    public Dictionary<string, string> NotAvailable()
    {
        var view = _node.View;
        var states = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < view.Spec.Devices.Count; i++)
        {
            var status = DeviceFit.StatusOf(view.Spec, view.DeviceUsage, i);
            if (status != DeviceStatus.Free)
                states.Add(view.Spec.Devices[i].Address, view.Claims.TryGetValue(view.DeviceUsage.Owners[i], out var owner) ? owner.Instance.Id.Value : "");
        }

        foreach (var (claim, address) in DeviceFit.Missing(view.Spec, view.Claims.Values))
            states.Add(address, claim.Instance.Id.Value);
        return states;
    }

    private NodeSpec Spec(JsonElement devices)
    {
        var rules = _input.GetProperty("device_spec").EnumerateArray().ToArray();
        var reported = devices.EnumerateArray()
            .Select(device => (Device: device, Rule: Array.Find(rules, rule => Allows(rule, device))))
            .Where(pair => pair.Rule.ValueKind == JsonValueKind.Object)
            .Select(pair => Device(pair.Device, pair.Rule));
        var cells = _input.GetProperty("host_cells");
        return Sample.Spec() with
        {
            Devices = ValueList.From(reported),
            Numa = cells.ValueKind == JsonValueKind.Array
                ? new NumaTopology(ValueList.From(cells.EnumerateArray().Select(cell => new NumaCell(
                    cell.GetProperty("id").GetInt32(), Number(cell.GetProperty("socket")), CpuSet.Empty, CpuSet.Empty, [], 0, []))))
                : null,
        };
    }

    private static bool Allows(JsonElement rule, JsonElement device) =>
        Allows(rule, device, "vendor_id") && Allows(rule, device, "product_id") && Allows(rule, device, "address");

    private static bool Allows(JsonElement rule, JsonElement device, string name) =>
        !rule.TryGetProperty(name, out var glob)
        || Regex.IsMatch(device.GetProperty(name).GetString()!, $"^{Regex.Escape(glob.GetString()!).Replace("\\*", ".*")}$", RegexOptions.IgnoreCase, TimeSpan.FromSeconds(1));

    private static Device Device(JsonElement device, JsonElement rule) => new(
        device.GetProperty("address").GetString()!,
        device.GetProperty("vendor_id").GetString()!,
        device.GetProperty("product_id").GetString()!,
        Type(device.GetProperty("dev_type")),
        device.TryGetProperty("parent_address", out var parent) ? parent.GetString() : null,
        Number(device.GetProperty("numa_node")),
        TagsOfDevice(rule));

    // Nova says of every network device whether it is managed from elsewhere; the operator need not.
    private static ValueList<KeyValuePair<string, string>> TagsOfDevice(JsonElement rule) =>
        rule.TryGetProperty("physical_network", out _) && !rule.TryGetProperty("remote_managed", out _)
            ? ValueList.From(Tags(rule).Append(KeyValuePair.Create("remote_managed", "false")).OrderBy(tag => tag.Key, StringComparer.Ordinal))
            : Tags(rule);

    private static DeviceRequest Request(JsonElement request) => new(
        request.GetProperty("request_id").GetString()!,
        request.GetProperty("count").GetInt32(),
        ValueList.From(request.GetProperty("spec").EnumerateArray().Select(Description)),
        request.GetProperty("numa_policy").GetString() is { } policy ? Enum.Parse<DeviceNumaPolicy>(policy, ignoreCase: true) : DeviceNumaPolicy.Legacy);

    private static DeviceDescription Description(JsonElement spec) => new(
        spec.TryGetProperty("vendor_id", out var vendor) ? vendor.GetString() : null,
        spec.TryGetProperty("product_id", out var product) ? product.GetString() : null,
        spec.TryGetProperty("dev_type", out var type) ? Type(type) : null,
        Tags(spec));

    // Whatever is neither an id, an address nor a type.
    private static ValueList<KeyValuePair<string, string>> Tags(JsonElement element) => ValueList.From(element.EnumerateObject()
        .Where(property => property.Name is not ("vendor_id" or "product_id" or "address" or "dev_type" or "devname"))
        .Select(property => KeyValuePair.Create(property.Name, property.Value.ToString()))
        .OrderBy(tag => tag.Key, StringComparer.Ordinal));

    private static DeviceType Type(JsonElement type) => type.GetString() switch
    {
        "type-PF" => DeviceType.PhysicalFunction,
        "type-VF" => DeviceType.VirtualFunction,
        "vdpa" => DeviceType.Vdpa,
        _ => DeviceType.Pci,
    };

    private static int? Number(JsonElement number) => number.ValueKind == JsonValueKind.Number ? number.GetInt32() : null;
}
