using System.Globalization;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Building;

namespace ResourceService.Ledger.Tests.Devices;

/// <summary>
/// Small hosts with few kinds of devices, so that requests match often and run short often: cards whose function and children may share a product,
/// plain devices, vDPA ones, tags, cells with and without sockets.
/// </summary>
internal sealed class RandomDevices(int seed, int cellCount = 3)
{
    private static readonly string[] _products = ["1583", "154c"];
    private static readonly KeyValuePair<string, string>[] _tags =
        [KeyValuePair.Create("physical_network", "net-1"), KeyValuePair.Create("physical_network", "Net-2"), KeyValuePair.Create("remote_managed", "true")];

    private readonly Random _random = new(seed);

    public NodeSpec Node()
    {
        var cells = Enumerable.Range(0, cellCount).Select(id => new NumaCell(id, Rarely(6) ? null : id / 2, CpuSet.Empty, CpuSet.Empty, [], 0, []));
        var topology = new NumaTopology(ValueList.From(cells));
        return Sample.Spec() with { Numa = topology, Devices = Cards(4) };
    }

    /// <summary>The devices of one card to so many.</summary>
    public ValueList<Device> Cards(int most) => ValueList.From(Enumerable.Range(0xa, _random.Next(1, most + 1)).SelectMany(Card));

    /// <summary>The same host with other news of its devices: some unseen, some on another cell.</summary>
    public NodeSpec Reported(NodeSpec node) => node with
    {
        Devices = ValueList.From(node.Devices
            .Where(_ => !Rarely(6))
            .Select(device => Rarely(8) ? device with { NumaCell = Cell() } : device)),
    };

    public ValueList<DeviceRequest> Requests() => ValueList.From(Enumerable.Range(0, _random.Next(1, 4)).Select(i => new DeviceRequest(
        string.Create(CultureInfo.InvariantCulture, $"request-{i}"), Rarely(3) ? _random.Next(2, 5) : 1,
        ValueList.From(Enumerable.Range(0, _random.Next(1, 3)).Select(_ => Description())),
        (DeviceNumaPolicy)_random.Next(1, 5))));

    public int[] HostCells() => [.. Enumerable.Range(0, cellCount).Where(_ => _random.Next(3) == 0)];

    public int Pick(int count) => _random.Next(count);

    private DeviceDescription Description() => new(
        Rarely(2) ? null : "8086",
        Rarely(3) ? Product() : null,
        Rarely(2) ? null : (DeviceType)_random.Next(1, 5),
        Rarely(5) ? [Tag()] : []);

    private IEnumerable<Device> Card(int bus)
    {
        var (cell, product) = (Cell(), Product());
        ValueList<KeyValuePair<string, string>> tags = Rarely(3) ? [Tag()] : [];
        var isPlain = Rarely(3);
        var function = new Device($"0000:{bus:x2}:00.0", "8086", product, isPlain ? DeviceType.Pci : DeviceType.PhysicalFunction, null, cell, tags);
        if (!Rarely(8))
            yield return function;
        for (var i = 0; !isPlain && i < _random.Next(5); i++)
        {
            var type = Rarely(5) ? DeviceType.Vdpa : DeviceType.VirtualFunction;
            yield return function with
            {
                Address = $"0000:{bus:X2}:02.{i}",
                ProductId = Product(),
                Type = type,
                ParentAddress = function.Address,
                Tags = Rarely(4) ? [Tag()] : tags,
            };
        }
    }

    private int? Cell() => Rarely(4) ? null : _random.Next(cellCount);

    private string Product() => _products[_random.Next(_products.Length)];

    private KeyValuePair<string, string> Tag() => _tags[_random.Next(_tags.Length)];

    private bool Rarely(int oneOf) => _random.Next(oneOf) == 0;
}
