using ResourceService.Load.Wire;
using ResourceService.V1;

namespace ResourceService.Load.Soaking;

/// <summary>
/// The fleet of a soak: nodes so large that the instances that live at a time take about two thirds of it. Some claims on nodes named are then refused, as
/// in a real fleet, and most are not.
/// </summary>
internal sealed class SoakFleet(int nodeCount, int instanceCount)
{
    // Small flavors are asked for most often: 8, 4, 2 and 1 of 15.
    private static readonly Dictionary<string, long>[] _flavors =
        [Flavor(1, 2048, 10), Flavor(2, 4096, 20), Flavor(4, 8192, 40), Flavor(8, 16384, 80)];

    private static readonly Dictionary<string, long> _meanFlavor = Flavor(2, 4369, 21);

    private readonly NodeNames _names = new("soak-", nodeCount);

    public string PickNode(RandomSequence random) => _names[random.Below(_names.Count)];

    public static IReadOnlyDictionary<string, long> PickFlavor(RandomSequence random)
    {
        var at = random.Below(15);
        return _flavors[at < 8 ? 0 : at < 12 ? 1 : at < 14 ? 2 : 3];
    }

    public IEnumerable<RegisterNodeRequest> Registrations() => Enumerable.Range(0, nodeCount).Select(number =>
    {
        var request = new RegisterNodeRequest { NodeId = _names[number] };
        foreach (var (resourceClass, mean) in _meanFlavor)
        {
            request.Inventories[resourceClass] = new Inventory { Total = Math.Max(_flavors[^1][resourceClass], mean * instanceCount * 3 / (2 * nodeCount)) };
        }
        return request;
    });

    private static Dictionary<string, long> Flavor(long vcpus, long memoryMb, long diskGb) =>
        new(StringComparer.Ordinal) { ["VCPU"] = vcpus, ["MEMORY_MB"] = memoryMb, ["DISK_GB"] = diskGb };
}
