namespace ResourceService.Ledger;

/// <summary>The only place where a capacity is computed.</summary>
public static class Capacity
{
    // The first double above every long: 2^63.
    private const double TooLarge = 9223372036854775808.0;

    /// <summary>
    /// Placement compares <c>used + amount &lt;= (total - reserved) * ratio</c> with a double on the right and integers on the left. An integer
    /// is at most a double exactly when it is at most the double's floor, so the floor decides the same: 100 at 0.29 is 28.999999999999996 and holds 28.
    /// </summary>
    public static long Of(long total, long reserved, double ratio)
    {
        var capacity = Math.Floor((total - reserved) * ratio);
        if (capacity >= TooLarge)
            return long.MaxValue;
        return capacity <= -TooLarge ? long.MinValue : (long)capacity;
    }
}
