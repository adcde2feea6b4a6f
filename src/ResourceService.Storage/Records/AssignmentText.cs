using System.Text.Json;
using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Numa;

namespace ResourceService.Storage.Records;

/// <summary>
/// What a claim was given inside its node, as JSON in the store; null when it was given amounts only. Names here are a file format: only add.
/// </summary>
internal static class AssignmentText
{
    public static string? Write(Assignment assignment) => assignment.IsNone
        ? null
        : JsonSerializer.Serialize(
            new AssignmentRecord(
                assignment.Cells.Count == 0 ? null : [.. assignment.Cells.Select(Write)],
                assignment.Devices.Count == 0 ? null : [.. assignment.Devices.Select(Write)]),
            RequestJson.Default.AssignmentRecord);

    public static Assignment Read(string? text)
    {
        if (text is null)
            return Assignment.None;
        var record = JsonSerializer.Deserialize(text, RequestJson.Default.AssignmentRecord)
            ?? throw new InvalidDataException("The store holds an empty assignment.");
        return new Assignment(
            ValueList.From((record.Cells ?? []).Select(Read)),
            ValueList.From((record.Devices ?? []).Select(Read)));
    }

    private static OwnedCellRecord Write(CellAssignment cell) => new(
        cell.HostCellId, cell.PageSizeKb, cell.PoolSizeKb, [.. cell.Pinning.Select(pin => new[] { pin.GuestCpu, pin.HostCpu })],
        [.. cell.EmulatorCpus], [.. cell.IdleCpus], [.. cell.SharedVcpus], cell.MemoryMb);

    private static CellAssignment Read(OwnedCellRecord cell) => new(
        cell.Cell, cell.PageSizeKb, cell.PoolSizeKb, ValueList.From(cell.Pinning.Select(pin => new PinnedCpu(pin[0], pin[1]))),
        CpuSet.From(cell.EmulatorCpus), CpuSet.From(cell.IdleCpus), CpuSet.From(cell.SharedVcpus), cell.MemoryMb);

    private static OwnedDeviceRecord Write(AssignedDevice device) => new(
        device.RequestName, device.Address, device.ParentAddress, device.Model?.VendorId, device.Model?.ProductId, device.Model?.Type);

    // As in reports, addresses from before they had one writing are brought into it.
    private static AssignedDevice Read(OwnedDeviceRecord device) => new(device.Request, DeviceAddress.Canonical(device.Address))
    {
        ParentAddress = device.Parent is null ? null : DeviceAddress.Canonical(device.Parent),
        Model = device is { Vendor: { } vendor, Product: { } product, Type: { } type } ? new DeviceModel(vendor, product, type) : null,
    };
}

internal sealed record AssignmentRecord(OwnedCellRecord[]? Cells, OwnedDeviceRecord[]? Devices);

internal sealed record OwnedCellRecord(
    int Cell, long PageSizeKb, long PoolSizeKb, int[][] Pinning, int[] EmulatorCpus, int[] IdleCpus, int[] SharedVcpus, long MemoryMb);

internal sealed record OwnedDeviceRecord(
    string Request, string Address, string? Parent, string? Vendor = null, string? Product = null, DeviceType? Type = null);
