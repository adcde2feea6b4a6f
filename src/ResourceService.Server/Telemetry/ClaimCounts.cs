using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Server.Telemetry;

/// <summary>What gauges tell of a node's claims beyond their number.</summary>
/// <param name="Held">How many are under a lease.</param>
/// <param name="Observed">How many stand for what the host runs beyond all others.</param>
/// <param name="OldestHeld">When the oldest one under a lease was made; null without one.</param>
internal readonly record struct ClaimCounts(int Held, int Observed, Instant? OldestHeld)
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

        return new ClaimCounts(held, observed, oldest);
    }
}
