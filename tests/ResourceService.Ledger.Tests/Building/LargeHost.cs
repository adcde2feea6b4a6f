using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Tests.Building;

/// <summary>Hosts of many equal cells of four CPUs, with devices of several kinds on them, and guests that want some near theirs.</summary>
internal static class LargeHost
{
    /// <summary>An unused host with such devices on each cell.</summary>
    public static NodeView Node(int cells, Func<int, IEnumerable<Device>> devicesOf)
    {
        var topology = NumaSample.Host(cells, 2, 2);
        var spec = Sample.Spec() with { Numa = topology, Devices = HostOrder.Of(ValueList.From(Enumerable.Range(0, cells).SelectMany(devicesOf))) };
        return NodeView.Unregistered(1, spec.Id) with
        {
            Spec = spec,
            State = NodeState.Enabled,
            NumaUsage = NumaUsage.None(topology),
            DeviceUsage = DeviceUsage.None(spec.Devices),
        };
    }

    /// <summary>A guest of so many cells with a pinned vCPU each.</summary>
    public static ResourceRequest Request(int cells, params DeviceRequest[] devices) => Sample.Request(ResourceAmounts.Empty) with
    {
        Numa = NumaSample.Pinned([.. Enumerable.Repeat(NumaSample.Asked(dedicated: 1), cells)]),
        Devices = ValueList.From(devices),
    };

    public static Device Gpu(int cell, int number) => new(Address(cell, number), "10de", "2331", DeviceType.Pci, null, cell, []);

    public static Device Disk(int cell, int number) => new(Address(cell, 8 + number), "144d", "a80a", DeviceType.Pci, null, cell, []);

    public static DeviceRequest Gpus(int count) => Near("gpu", count, "10de", "2331");

    public static DeviceRequest Disks(int count) => Near("disk", count, "144d", "a80a");

    private static DeviceRequest Near(string name, int count, string vendor, string product) =>
        new(name, count, [new DeviceDescription(vendor, product, null, [])], DeviceNumaPolicy.Required);

    private static string Address(int cell, int slot) => $"{cell:x4}:{slot / 32:x2}:{slot % 32:x2}.0";
}
