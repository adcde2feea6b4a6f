using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Devices;

/// <summary>
/// The pools that one device request may use, in the order of their use: Nova's filters, one after the other. The choice by NUMA policy comes before
/// physical functions are dropped, as in Nova: enough of them near the cells can hide usable virtual ones elsewhere.
/// </summary>
internal readonly ref struct DeviceSelection
{
    private const string RemoteManaged = "remote_managed";

    private readonly NodeSpec _node;
    private readonly DevicePools _pools;
    private readonly ReadOnlySpan<int> _hostCellIds;

    public DeviceSelection(NodeSpec node, DevicePools pools, ReadOnlySpan<int> hostCellIds)
    {
        _node = node;
        _pools = pools;
        _hostCellIds = hostCellIds;
    }

    /// <summary>How many pools there are to select from.</summary>
    public int PoolCount => _pools.Pools.Length;

    /// <summary>None when the selected pools hold enough; otherwise the filter that left too few, with what it left.</summary>
    public RefusalReason Select(
        DeviceRequest request, ReadOnlySpan<int> counts, Span<int> selected, out int count, out (int Available, int Capacity) figures)
    {
        count = 0;
        for (var pool = 0; pool < _pools.Pools.Length; pool++)
        {
            if (Matches(_pools.Pools[pool].Like, request))
                selected[count++] = pool;
        }

        figures = (0, Size(selected[..count]));
        if (count == 0)
            return RefusalReason.DeviceNotMatched;
        if (!Holds(request, counts, selected[..count], ref figures))
            return RefusalReason.DeviceCountExceeded;

        if (_hostCellIds.Length > 0)
        {
            if (!TrySelectNear(request, counts, selected, ref count))
                return RefusalReason.DeviceSocketUnknown;
            if (!Holds(request, counts, selected[..count], ref figures))
                return RefusalReason.DeviceNumaPolicyUnmet;
        }

        DropUnrequested(request, selected, ref count);
        return Holds(request, counts, selected[..count], ref figures) ? RefusalReason.None : RefusalReason.DeviceTypeNotRequested;
    }

    // False when sockets are asked for and not known.
    private bool TrySelectNear(DeviceRequest request, ReadOnlySpan<int> counts, Span<int> selected, ref int count)
    {
        Span<int> near = selected.Length <= 1024 ? stackalloc int[count] : new int[count];
        var found = Keep(selected[..count], near, Closeness.Cell);
        var policy = request.NumaPolicy;
        if (policy != DeviceNumaPolicy.Required && Sum(counts, near[..found]) < request.Count)
        {
            if (policy == DeviceNumaPolicy.Socket)
            {
                if (_node.Numa is null || _node.Numa.Cells.Any(cell => cell.Socket is null))
                    return false;
                found = Keep(selected[..count], near, Closeness.Socket);
            }
            else
            {
                found = Keep(selected[..count], near, Closeness.CellOrNone);
                // Everything, the near ones first.
                if (policy == DeviceNumaPolicy.Preferred && Sum(counts, near[..found]) < request.Count)
                    found += Keep(selected[..count], near[found..], Closeness.Elsewhere);
            }
        }

        near[..found].CopyTo(selected);
        count = found;
        return true;
    }

    private int Keep(ReadOnlySpan<int> pools, Span<int> kept, Closeness closeness)
    {
        var count = 0;
        foreach (var pool in pools)
        {
            if (Is(_pools.Pools[pool].Like.NumaCell, closeness))
                kept[count++] = pool;
        }

        return count;
    }

    private bool Is(int? cell, Closeness closeness) => closeness switch
    {
        Closeness.Cell => cell is { } id && _hostCellIds.Contains(id),
        Closeness.CellOrNone => cell is not { } id || _hostCellIds.Contains(id),
        Closeness.Elsewhere => cell is { } id && !_hostCellIds.Contains(id),
        _ => cell is { } id && IsOnSocket(id),
    };

    private bool IsOnSocket(int cellId)
    {
        var numa = _node.Numa!;
        if (numa.IndexOf(cellId) is not (>= 0 and var place))
            return false;
        foreach (var own in _hostCellIds)
        {
            if (numa.IndexOf(own) is >= 0 and var ownPlace && numa.Cells[ownPlace].Socket == numa.Cells[place].Socket)
                return true;
        }

        return false;
    }

    // What must be asked for by name.
    private void DropUnrequested(DeviceRequest request, Span<int> selected, ref int count)
    {
        var (takesPf, takesVdpa, takesRemote) = (false, false, false);
        foreach (var one in request.Alternatives.Span)
        {
            takesPf |= one.Type == DeviceType.PhysicalFunction;
            takesVdpa |= one.Type == DeviceType.Vdpa;
            takesRemote |= IsTrue(TagOf(one.Tags, RemoteManaged));
        }

        var kept = 0;
        foreach (var pool in selected[..count])
        {
            var like = _pools.Pools[pool].Like;
            var drop = (like.Type == DeviceType.PhysicalFunction && !takesPf)
                || (like.Type == DeviceType.Vdpa && !takesVdpa)
                || (!takesRemote && IsTrue(TagOf(like.Tags, RemoteManaged)));
            if (!drop)
                selected[kept++] = pool;
        }

        count = kept;
    }

    private static bool Matches(Device device, DeviceRequest request)
    {
        foreach (var one in request.Alternatives.Span)
        {
            if (Matches(device, one))
                return true;
        }

        return false;
    }

    private static bool Matches(Device device, DeviceDescription description)
    {
        if (description.VendorId is { } vendor && !Same(vendor, device.VendorId))
            return false;
        if (description.ProductId is { } product && !Same(product, device.ProductId))
            return false;
        if (description.Type is { } type && type != device.Type)
            return false;
        foreach (ref readonly var tag in description.Tags.Span)
        {
            if (TagOf(device.Tags, tag.Key) is not { } value || !Same(value, tag.Value))
                return false;
        }

        return true;
    }

    private static string? TagOf(ValueList<KeyValuePair<string, string>> tags, string key)
    {
        foreach (ref readonly var tag in tags.Span)
        {
            if (string.Equals(tag.Key, key, StringComparison.Ordinal))
                return tag.Value;
        }

        return null;
    }

    private static bool IsTrue(string? value) => value is not null && Same(value, "true");

    private static bool Same(string left, string right) => string.Equals(left, right, StringComparison.OrdinalIgnoreCase);

    private bool Holds(DeviceRequest request, ReadOnlySpan<int> counts, ReadOnlySpan<int> selected, ref (int Available, int Capacity) figures)
    {
        figures = (Sum(counts, selected), Size(selected));
        return figures.Available >= request.Count;
    }

    private static int Sum(ReadOnlySpan<int> counts, ReadOnlySpan<int> selected)
    {
        var sum = 0;
        foreach (var pool in selected)
            sum += counts[pool];
        return sum;
    }

    private int Size(ReadOnlySpan<int> selected)
    {
        var size = 0;
        foreach (var pool in selected)
            size += _pools.Pools[pool].Members.Length;
        return size;
    }

    private enum Closeness
    {
        Cell,
        CellOrNone,
        Elsewhere,
        Socket,
    }
}
