namespace ResourceService.Ledger;

/// <summary>
/// What a node has of one class, in Placement's terms. Amounts are in the class's unit (MEMORY_MB in MiB, DISK_GB in GiB).
/// </summary>
/// <param name="Total">What is there; 0 or more.</param>
/// <param name="Reserved">What the host keeps for itself; 0 to <paramref name="Total"/>.</param>
/// <param name="AllocationRatio">How often each unit may be promised; 0.0001 to 10000.</param>
/// <param name="MinUnit">The smallest amount of one claim; at least 1.</param>
/// <param name="MaxUnit">The largest amount of one claim; at least <paramref name="MinUnit"/>.</param>
/// <param name="StepSize">Every amount is a multiple of it; at least 1.</param>
public sealed record Inventory(long Total, long Reserved, double AllocationRatio, long MinUnit, long MaxUnit, long StepSize)
{
    /// <summary>What can be promised in all, by <see cref="Ledger.Capacity"/>. Not kept: a copy made by <c>with</c> would keep the original's.</summary>
    public long Capacity => Ledger.Capacity.Of(Total, Reserved, AllocationRatio);

    /// <summary>Whether <paramref name="amount"/> keeps to the units; tested before capacity, as Placement does.</summary>
    public bool AllowsUnit(long amount) => amount >= MinUnit && amount <= MaxUnit && amount % StepSize == 0;

    /// <summary>The largest amount of one claim that keeps to the units and takes no more than <paramref name="free"/>; 0 when there is none.</summary>
    public long LargestUnit(long free)
    {
        var most = Math.Min(free, MaxUnit);
        return most < MinUnit || most - (most % StepSize) < MinUnit ? 0 : most - (most % StepSize);
    }
}
