using System.Text.Json;
using System.Text.Json.Serialization;
using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;

namespace ResourceService.Storage.Records;

/// <summary>A node's report with what owners set above it, and an instance, as JSON in the store. Names here are a file format: only add.</summary>
internal static class SpecText
{
    public static string Write(NodeSpec laid)
    {
        var spec = laid.Reported;
        var inventories = new Dictionary<string, Inventory>(StringComparer.Ordinal);
        for (var i = 0; i < spec.Inventories.Count; i++)
            inventories.Add(spec.Inventories.Classes[i].Name, spec.Inventories[i]);
        var record = new SpecRecord(
            spec.Id.Value,
            inventories,
            spec.Numa is null ? null : [.. spec.Numa.Cells.Select(Write)],
            [.. spec.Devices.Select(Write)],
            [.. spec.Traits],
            new Dictionary<string, string>(spec.Labels, StringComparer.Ordinal),
            laid.Owners.Count == 0 ? null : [.. laid.Owners.Select(Write)]);
        return JsonSerializer.Serialize(record, SpecJson.Default.SpecRecord);
    }

    public static NodeSpec Read(string text)
    {
        var record = JsonSerializer.Deserialize(text, SpecJson.Default.SpecRecord)
            ?? throw new InvalidDataException("The store holds a node without a report.");
        var reported = new NodeSpec(
            new NodeId(record.NodeId),
            InventoryTable.From(record.Inventories.Select(pair => KeyValuePair.Create(ReadClass(pair.Key), pair.Value))),
            record.Numa is null ? null : HostOrder.Of(new NumaTopology(ValueList.From(record.Numa.Select(Read)))),
            HostOrder.Of(ValueList.From(record.Devices.Select(Read))),
            ValueList.From(record.Traits),
            ValueList.From(record.Labels.OrderBy(label => label.Key, StringComparer.Ordinal)));
        return FieldOverlay.Of(reported, ValueList.From((record.Owners ?? []).Select(Read)));
    }

    /// <summary>The whole instance, for events.</summary>
    public static string WriteInstance(Instance instance) => JsonSerializer.Serialize(
        new InstanceRecord(
            instance.Id.Value, instance.ProjectId, instance.UserId, instance.OsType, instance.VmState, instance.TaskState, instance.PowerState),
        SpecJson.Default.InstanceRecord);

    public static Instance ReadInstance(string text)
    {
        var record = JsonSerializer.Deserialize(text, SpecJson.Default.InstanceRecord)
            ?? throw new InvalidDataException("The store holds an event without its instance.");
        return new Instance(
            new InstanceId(record.Id), record.ProjectId, record.UserId, record.OsType, record.VmState, record.TaskState, record.PowerState);
    }

    private static OwnerRecord Write(OwnedFields owner) => new(
        owner.Owner,
        owner.Actor,
        owner.Time.UnixMs,
        owner.Inventories.ToDictionary(item => item.Key.Name, item => item.Value, StringComparer.Ordinal),
        [.. owner.Traits],
        new Dictionary<string, string>(owner.Labels, StringComparer.Ordinal));

    private static OwnedFields Read(OwnerRecord owner) => new(
        owner.Owner,
        owner.Actor,
        new Instant(owner.Time),
        ValueList.From(owner.Inventories.Select(pair => KeyValuePair.Create(ReadClass(pair.Key), pair.Value)).OrderBy(item => item.Key)),
        ValueList.From(owner.Traits),
        ValueList.From(owner.Labels.OrderBy(label => label.Key, StringComparer.Ordinal)));

    private static CellRecord Write(NumaCell cell) => new(
        cell.CellId, cell.Socket, [.. cell.SharedCpus], [.. cell.DedicatedCpus], [.. cell.ThreadSiblings.Select(core => core.ToArray())],
        cell.MemoryMb, [.. cell.PagePools]);

    private static NumaCell Read(CellRecord cell) => new(
        cell.CellId, cell.Socket, CpuSet.From(cell.SharedCpus), CpuSet.From(cell.DedicatedCpus),
        ValueList.From(cell.ThreadSiblings.Select(CpuSet.From)), cell.MemoryMb, ValueList.From(cell.PagePools));

    private static DeviceRecord Write(Device device) => new(
        device.Address, device.VendorId, device.ProductId, device.Type, device.ParentAddress, device.NumaCell,
        new Dictionary<string, string>(device.Tags, StringComparer.Ordinal));

    // A report from before there was one writing of it, and one order, is held as its agent wrote it.
    private static Device Read(DeviceRecord device) => new(
        DeviceAddress.Canonical(device.Address), device.VendorId.ToLowerInvariant(), device.ProductId.ToLowerInvariant(), device.Type,
        device.ParentAddress is null ? null : DeviceAddress.Canonical(device.ParentAddress), device.NumaCell,
        ValueList.From(device.Tags.OrderBy(tag => tag.Key, StringComparer.Ordinal)));

    private static ResourceClass ReadClass(string name) =>
        ResourceClass.TryParse(name, out var resourceClass)
            ? resourceClass
            : throw new InvalidDataException($"The store names the resource class '{name}', which is no resource class.");
}

internal sealed record SpecRecord(
    string NodeId, Dictionary<string, Inventory> Inventories, CellRecord[]? Numa, DeviceRecord[] Devices, string[] Traits,
    Dictionary<string, string> Labels, OwnerRecord[]? Owners);

internal sealed record OwnerRecord(
    string Owner, string Actor, long Time, Dictionary<string, InventoryFields> Inventories, string[] Traits, Dictionary<string, string> Labels);

internal sealed record CellRecord(
    int CellId, int? Socket, int[] SharedCpus, int[] DedicatedCpus, int[][] ThreadSiblings, long MemoryMb, PagePool[] PagePools);

internal sealed record DeviceRecord(
    string Address, string VendorId, string ProductId, DeviceType Type, string? ParentAddress, int? NumaCell, Dictionary<string, string> Tags);

internal sealed record InstanceRecord(
    string Id, string ProjectId, string UserId, string OsType, string VmState, string TaskState, string PowerState);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    IgnoreReadOnlyProperties = true)]
[JsonSerializable(typeof(SpecRecord))]
[JsonSerializable(typeof(Attributes))]
[JsonSerializable(typeof(InstanceRecord))]
internal sealed partial class SpecJson : JsonSerializerContext;
