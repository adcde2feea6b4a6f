using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Server.Nodes;

/// <summary>What is counted of a node's claims beyond their number.</summary>
/// <param name="Generation">The node's generation at which they were counted.</param>
/// <param name="Held">How many are under a lease.</param>
/// <param name="Observed">How many stand for what the host runs beyond all others.</param>
/// <param name="OldestHeld">When the oldest one under a lease was made; null without one.</param>
internal sealed record ClaimCounts(long Generation, int Held, int Observed, Instant? OldestHeld)
{
    /// <summary>Looks at every claim of a node.</summary>
    public static ClaimCounts Of(NodeView node)
    {
        var (held, observed, oldest) = (0, 0, (Instant?)null);
        foreach (var claim in node.Claims.Values)
        {
            if (claim.Role == ClaimRole.Observed)
                observed++;
            if (claim.State != ClaimState.Held)
                continue;
            held++;
            if (!(oldest <= claim.CreateTime))
                oldest = claim.CreateTime;
        }

        return new ClaimCounts(node.Generation, held, observed, oldest);
    }
}

/// <summary>
/// Counts claims of the whole fleet without looking at each again: only those of nodes that changed since the last time. Safe for any thread; what two
/// count at once is the same.
/// </summary>
internal sealed class ClaimCensus
{
    private readonly Lock _growing = new();

    // By node number minus one.
    private volatile ClaimCounts?[] _counted = [];

    /// <summary>The counts of a node's published view. The same generation is the same view: only durable ones are published.</summary>
    public ClaimCounts Of(NodeView node)
    {
        var place = node.NodeKey - 1;
        var counted = _counted;
        if (place < counted.Length && Volatile.Read(ref counted[place]) is { } known && known.Generation == node.Generation)
            return known;
        var counts = ClaimCounts.Of(node);
        if (place >= counted.Length)
            counted = Grow(place);
        // One that is lost, because the list grew in that moment, is counted again.
        Volatile.Write(ref counted[place], counts);
        return counts;
    }

    private ClaimCounts?[] Grow(int place)
    {
        lock (_growing)
        {
            if (place >= _counted.Length)
            {
                var grown = _counted;
                Array.Resize(ref grown, Math.Max(place + 1, 2 * grown.Length));
                _counted = grown;
            }

            return _counted;
        }
    }
}
