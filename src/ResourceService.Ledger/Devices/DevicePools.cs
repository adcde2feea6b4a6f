using System.Globalization;
using System.Runtime.CompilerServices;

namespace ResourceService.Ledger.Devices;

/// <summary>
/// What follows from a node's devices alone: alike ones in pools as Nova keeps them (vendor, product, type, cell, tags, and the physical function or
/// the device itself), and who is whose parent. Worked out once for each report.
/// </summary>
internal sealed class DevicePools
{
    private static readonly ConditionalWeakTable<ValueList<Device>, DevicePools> _known = [];

    private readonly Dictionary<string, int> _byAddress = new(StringComparer.OrdinalIgnoreCase);

    private DevicePools(ValueList<Device> devices)
    {
        for (var i = 0; i < devices.Count; i++)
            _byAddress[devices[i].Address] = i;
        Parents = [.. devices.Select(device => device.ParentAddress is { } parent ? _byAddress.GetValueOrDefault(parent, -1) : -1)];
        var children = Enumerable.Range(0, devices.Count).Where(i => Parents[i] >= 0).ToLookup(i => Parents[i]);
        Children = [.. Enumerable.Range(0, devices.Count).Select(i => children[i].ToArray())];

        // Stable: pools with fewer tags first, then as discovered.
        Pools = [.. Enumerable.Range(0, devices.Count)
            .GroupBy(i => PoolKey(devices[i]))
            .OrderBy(pool => devices[pool.First()].Tags.Count)
            .Select(pool => new DevicePool(devices[pool.First()], [.. pool.OrderByDescending(i => AddressOrder(devices[i].Address), StringComparer.Ordinal)]))];
        PoolOf = new int[devices.Count];
        for (var i = 0; i < Pools.Length; i++)
        {
            foreach (var member in Pools[i].Members)
                PoolOf[member] = i;
        }
    }

    /// <summary>The pools in the order in which they are used.</summary>
    public DevicePool[] Pools { get; }

    /// <summary>The pool of each device.</summary>
    public int[] PoolOf { get; }

    /// <summary>The place of each device's physical function; -1 without one.</summary>
    public int[] Parents { get; }

    /// <summary>The places of the functions of each device.</summary>
    public int[][] Children { get; }

    /// <summary>The pools of a node's devices.</summary>
    public static DevicePools Of(ValueList<Device> devices) => _known.GetValue(devices, static list => new DevicePools(list));

    /// <summary>The place of a device; -1 when the node does not report it.</summary>
    public int IndexOf(string address) => _byAddress.GetValueOrDefault(address, -1);

    private static (string, string, DeviceType, int?, ValueList<KeyValuePair<string, string>>, string) PoolKey(Device device) => (
        device.VendorId.ToUpperInvariant(), device.ProductId.ToUpperInvariant(), device.Type, device.NumaCell, device.Tags,
        (device.ParentAddress ?? device.Address).ToUpperInvariant());

    // "0000:3b:02.1" as digits of one length, so that texts order as the numbers in them do.
    private static string AddressOrder(string address)
    {
        var parts = address.Split(':', '.');
        return string.Concat(parts.Select(part =>
            uint.TryParse(part, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var number) ? number.ToString("x8", CultureInfo.InvariantCulture) : part));
    }
}

/// <summary>Devices that no request can tell apart, but for their addresses.</summary>
/// <param name="Like">One of them.</param>
/// <param name="Members">Their places in the node's report, the highest address first, which is the order in which they are given.</param>
internal sealed record DevicePool(Device Like, int[] Members);
