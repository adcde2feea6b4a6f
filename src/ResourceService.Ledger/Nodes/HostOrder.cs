using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Nodes;

/// <summary>
/// The one order in which the ledger keeps what a host lists. Where rules choose by order they choose by this one, so that the same host gives the same
/// CPUs and devices however its agent lists them, and registering it in another order changes nothing. Lists are brought into it where they come in,
/// from callers and from the store. It is Nova's after a restart: devices by address, cells and cores by number.
/// </summary>
public static class HostOrder
{
    /// <summary>Devices by address.</summary>
    public static ValueList<Device> Of(ValueList<Device> devices) => Sorted(devices, device => DeviceAddress.Parse(device.Address));

    /// <summary>A topology with its cells by number, and in each its cores by their lowest CPU and its pools by the size of their pages.</summary>
    public static NumaTopology Of(NumaTopology topology) => new(Sorted(ValueList.From(topology.Cells.Select(Of)), cell => cell.CellId));

    private static NumaCell Of(NumaCell cell) => cell with
    {
        ThreadSiblings = Sorted(cell.ThreadSiblings, core => core.DefaultIfEmpty().First()),
        PagePools = Sorted(cell.PagePools, pool => pool.SizeKb),
    };

    private static ValueList<T> Sorted<T, TKey>(ValueList<T> items, Func<T, TKey> keyOf)
        where TKey : IComparable<TKey>
    {
        for (var i = 1; i < items.Count; i++)
        {
            if (keyOf(items[i - 1]).CompareTo(keyOf(items[i])) > 0)
                return ValueList.From(items.OrderBy(keyOf));
        }

        return items;
    }
}
