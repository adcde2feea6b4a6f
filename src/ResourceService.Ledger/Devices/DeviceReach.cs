using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Devices;

/// <summary>How far from the host cells of the instance the devices for each request may be, and so which requests a device may serve where it is.</summary>
internal sealed class DeviceReach
{
    private readonly NodeSpec _node;
    private readonly int[] _hostCells;
    private readonly Range[] _ranges;

    /// <param name="node">The node's report.</param>
    /// <param name="requests">What is asked.</param>
    /// <param name="hostCells">The host's numbers of the instance's cells; without any, no policy has an effect.</param>
    public DeviceReach(NodeSpec node, ValueList<DeviceRequest> requests, ReadOnlySpan<int> hostCells)
    {
        (_node, _hostCells) = (node, hostCells.ToArray());
        var knowsSockets = node.Numa is not null && node.Numa.Cells.All(cell => cell.Socket is not null);
        _ranges = [.. requests.Select(request => _hostCells.Length == 0 ? Range.Anywhere : request.NumaPolicy switch
        {
            DeviceNumaPolicy.Required => Range.OnCells,
            DeviceNumaPolicy.Preferred => Range.Anywhere,
            DeviceNumaPolicy.Socket => knowsSockets ? Range.OnSockets : Range.OnCells,
            _ => Range.OrOnNoCell,
        })];
        Sum();
    }

    private enum Range
    {
        OnCells,
        OrOnNoCell,
        OnSockets,
        Anywhere,
    }

    /// <summary>The requests that may have devices attached to no cell.</summary>
    public ulong OnNoCell { get; private set; }

    /// <summary>The requests that may have devices of the same sockets.</summary>
    public ulong OnSockets { get; private set; }

    /// <summary>The requests that may have any devices.</summary>
    public ulong Anywhere { get; private set; }

    /// <summary>Whether a device on this cell is on a cell of the instance.</summary>
    public bool IsOnCells(int? numaCell) => numaCell is { } cell && _hostCells.Contains(cell);

    /// <summary>The requests that may have devices on a cell.</summary>
    public ulong RequestsOf(int? numaCell) => numaCell is not { } cell ? OnNoCell
        : _hostCells.Contains(cell) ? ulong.MaxValue
        : OnSockets != 0 && IsOnSockets(cell) ? Anywhere | OnSockets
        : Anywhere;

    /// <summary>
    /// Tries nearer ranges for each request in turn, the nearest first, and keeps those with which all can still be met: nearer is better whatever the
    /// policy, as far as the others leave it.
    /// </summary>
    public void Tighten(Func<bool> canBeMet)
    {
        for (var request = 0; request < _ranges.Length && _hostCells.Length > 0; request++)
        {
            var widest = _ranges[request];
            foreach (var range in Nearer(widest))
            {
                _ranges[request] = range;
                Sum();
                if (canBeMet())
                    break;
                _ranges[request] = widest;
                Sum();
            }
        }
    }

    private static ReadOnlySpan<Range> Nearer(Range range) => range switch
    {
        Range.OnCells => [],
        Range.Anywhere => [Range.OnCells, Range.OrOnNoCell],
        _ => [Range.OnCells],
    };

    private void Sum()
    {
        (OnNoCell, OnSockets, Anywhere) = (0, 0, 0);
        for (var request = 0; request < _ranges.Length; request++)
        {
            var bit = 1UL << request;
            OnNoCell |= _ranges[request] is Range.OrOnNoCell or Range.Anywhere ? bit : 0;
            OnSockets |= _ranges[request] == Range.OnSockets ? bit : 0;
            Anywhere |= _ranges[request] == Range.Anywhere ? bit : 0;
        }
    }

    private bool IsOnSockets(int numaCell) => SocketOf(numaCell) is { } socket && Array.Exists(_hostCells, cell => SocketOf(cell) == socket);

    private int? SocketOf(int cell) => _node.Numa?.IndexOf(cell) is >= 0 and var place ? _node.Numa.Cells[place].Socket : null;
}
