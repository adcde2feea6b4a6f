using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Devices;

/// <summary>
/// The refusal table of devices. Cells 0 and 1 are on socket 0, cell 2 is on socket 1. On cell 0: a function 1583 with the children 154c at 02.0 and
/// 02.1. On cell 2: two GPUs 20b5, of which the first is owned. On no cell: a vDPA device 1018, and a remotely managed child 101e of an unseen function.
/// </summary>
public class DeviceRefusalTests
{
    private const string Function = "0000:3b:00.0";

    private static readonly NodeSpec _node = Sample.Spec() with
    {
        Numa = new NumaTopology([Cell(0, 0), Cell(1, 0), Cell(2, 1)]),
        Devices =
        [
            new Device(Function, "8086", "1583", DeviceType.PhysicalFunction, null, 0, []),
            new Device("0000:3b:02.0", "8086", "154c", DeviceType.VirtualFunction, Function, 0, []),
            new Device("0000:3b:02.1", "8086", "154c", DeviceType.VirtualFunction, Function, 0, []),
            new Device("0000:81:00.0", "10de", "20b5", DeviceType.Pci, null, 2, []),
            new Device("0000:82:00.0", "10de", "20b5", DeviceType.Pci, null, 2, []),
            new Device("0000:3c:02.0", "15b3", "1018", DeviceType.Vdpa, "0000:3c:00.0", null, []),
            new Device("0000:3d:02.0", "15b3", "101e", DeviceType.VirtualFunction, "0000:3d:00.0", null, [KeyValuePair.Create("remote_managed", "True")]),
        ],
    };

    private static readonly DeviceRequest _gpu = new("gpu", 1, [new DeviceDescription("10DE", "20B5", null, [])], DeviceNumaPolicy.Required);
    private static readonly DeviceRequest _child = Of("154c", DeviceType.VirtualFunction, "child");
    private static readonly DeviceRequest _function = Of("1583", DeviceType.PhysicalFunction, "function");

    private static readonly DeviceRequest _any = new(
        "any", 1, [new DeviceDescription("8086", null, null, []), new DeviceDescription("10de", null, null, [])], DeviceNumaPolicy.Legacy);

    private static readonly Dictionary<string, (int[] Cells, ValueList<DeviceRequest> Requests, RefusedDimension[] Refused)> _rows = new(StringComparer.Ordinal)
    {
        ["the last one"] = ([2], [_gpu], []),
        ["a policy without cells"] = ([], [_gpu], []),
        ["an unknown product"] = ([], [Of("ffff", null)], [new(RefusalReason.DeviceNotMatched, "any", 1, 0, 0)]),
        ["a known product of another type"] = ([], [Of("154c", DeviceType.Pci)], [new(RefusalReason.DeviceNotMatched, "any", 1, 0, 0)]),
        ["a tag that no device has"] =
            ([], [Tagged("physical_network", "net-1")], [new(RefusalReason.DeviceNotMatched, "any", 1, 0, 0)]),
        ["one too many"] = ([], [_gpu with { Count = 2 }], [new(RefusalReason.DeviceCountExceeded, "gpu", 2, 1, 2)]),
        ["on another cell"] = ([0], [_gpu], [new(RefusalReason.DeviceNumaPolicyUnmet, "gpu", 1, 0, 0)]),
        ["on no cell, when cells are required"] =
            ([0], [Of("1018", DeviceType.Vdpa) with { NumaPolicy = DeviceNumaPolicy.Required }], [new(RefusalReason.DeviceNumaPolicyUnmet, "any", 1, 0, 0)]),
        ["on no cell, by the legacy policy"] = ([0], [Of("1018", DeviceType.Vdpa)], []),
        ["on another cell of the socket"] = ([1], [_child with { NumaPolicy = DeviceNumaPolicy.Socket }], []),
        ["on another socket"] = ([1], [_gpu with { NumaPolicy = DeviceNumaPolicy.Socket }], [new(RefusalReason.DeviceNumaPolicyUnmet, "gpu", 1, 0, 0)]),
        ["on another socket, preferably not"] = ([1], [_gpu with { NumaPolicy = DeviceNumaPolicy.Preferred }], []),
        ["a function that is not named"] = ([], [Of("1583", null)], [new(RefusalReason.DeviceTypeNotRequested, "any", 1, 0, 0)]),
        ["a vDPA device that is not named"] = ([], [Of("1018", null)], [new(RefusalReason.DeviceTypeNotRequested, "any", 1, 0, 0)]),
        ["a remotely managed device that is not named"] = ([], [Of("101e", null)], [new(RefusalReason.DeviceTypeNotRequested, "any", 1, 0, 0)]),
        ["a remotely managed device"] = ([], [Tagged("remote_managed", "true")], []),
        ["a function and a child of it"] = ([], [_function, _child], [new(RefusalReason.DevicesNotCombinable, "child", 1, 0, 2)]),
        ["a child and its function"] = ([], [_child, _function], [new(RefusalReason.DevicesNotCombinable, "function", 1, 0, 1)]),
        ["a request that takes any before one that takes few"] = ([], [_any, _child, _child with { Name = "other" }], []),
        ["one device twice"] = ([], [_gpu, _gpu with { Name = "other" }], [new(RefusalReason.DevicesNotCombinable, "other", 1, 0, 2)]),
        ["two children"] = ([], [_child, _child with { Name = "other" }], []),
        ["either kind, as many as there are children"] = ([], [Either(2)], []),
        ["either kind, more than can be had together"] = ([], [Either(3)], [new(RefusalReason.DevicesNotCombinable, "either", 3, 2, 3)]),
        ["two that fail by themselves"] =
            ([0], [_gpu, _child, Of("ffff", null)],
                [new(RefusalReason.DeviceNumaPolicyUnmet, "gpu", 1, 0, 0), new(RefusalReason.DeviceNotMatched, "any", 1, 0, 0)]),
    };

    public static TheoryData<string> Rows => [.. _rows.Keys];

    [Theory]
    [MemberData(nameof(Rows))]
    public void Refusal_names_what_is_short(string row)
    {
        var (cells, requests, expected) = _rows[row];
        AssertRefused(_node, cells, requests, expected);
    }

    [Fact]
    public void Socket_of_a_host_that_does_not_know_all_its_sockets_is_refused()
    {
        var node = _node with { Numa = new NumaTopology([Cell(0, 0), Cell(1, null)]) };
        AssertRefused(
            node, [0], [_gpu with { NumaPolicy = DeviceNumaPolicy.Socket }], [new(RefusalReason.DeviceSocketUnknown, "gpu", 1, 0, 0) { HostCellId = 1 }]);
    }

    [Fact]
    public void Every_reason_about_devices_has_a_row()
    {
        var reasons = Enum.GetValues<RefusalReason>().Where(reason => reason.ToString().StartsWith("Device", StringComparison.Ordinal));
        var shown = _rows.Values.SelectMany(row => row.Refused).Select(dimension => dimension.Reason).Append(RefusalReason.DeviceSocketUnknown);
        Assert.Subset(shown.ToHashSet(), reasons.ToHashSet());
    }

    private static void AssertRefused(NodeSpec node, int[] cells, ValueList<DeviceRequest> requests, RefusedDimension[] expected)
    {
        var usage = DeviceUsage.None(node.Devices).With([new AssignedDevice("gpu", "0000:81:00.0")], 1);
        var refused = new List<RefusedDimension>();
        DeviceFit.Explain(node, usage, requests, cells, refused);
        Assert.Equal(expected, refused);
        Assert.Equal(expected.Length == 0, DeviceFit.TryAssign(node, usage, requests, cells, out _));
    }

    private static NumaCell Cell(int id, int? socket) => new(id, socket, CpuSet.Empty, CpuSet.Empty, [], 0, []);

    private static DeviceRequest Of(string product, DeviceType? type, string name = "any") =>
        new(name, 1, [new DeviceDescription(null, product, type, [])], DeviceNumaPolicy.Legacy);

    private static DeviceRequest Tagged(string key, string value) =>
        new("any", 1, [new DeviceDescription(null, null, null, [KeyValuePair.Create(key, value)])], DeviceNumaPolicy.Legacy);

    private static DeviceRequest Either(int count) => new(
        "either", count, [.. _function.Alternatives, .. _child.Alternatives], DeviceNumaPolicy.Legacy);
}
