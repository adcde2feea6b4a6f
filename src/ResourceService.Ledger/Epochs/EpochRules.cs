namespace ResourceService.Ledger.Epochs;

/// <summary>
/// Where numbers go on after a restore. What was given in the time that is lost is not known, so they are raised far above what is known.
///
/// Revisions and generations are compared, so they must be higher than any before: they go on at the microseconds since 1970, which no ledger reaches by
/// counting, and which a second restore of the same backup finds higher. Where the clock is behind what is known, it is no help, and they are raised by 2^32
/// and a random part. They stay below 2^53, up to which JavaScript counts exactly, until the year 2255.
///
/// Sequences are parts of opaque ids, so they must be other ones than any before: they are raised by a random number of up to 2^50. Whatever the clock says,
/// and on however many machines one backup is restored, two ledgers with a million ids each share one with a chance of one in 500 million.
/// </summary>
public static class EpochRules
{
    /// <summary>The highest floor of revisions and generations: beyond it a number would not be exact everywhere.</summary>
    public const long RevisionFloorMax = (1L << 53) - (1L << 40);

    /// <summary>The highest floor of sequences.</summary>
    public const long SequenceFloorMax = long.MaxValue - SequenceJump;

    private const long RevisionJump = 1L << 32;
    private const long SequenceJump = 1L << 50;

    // Later than the year 2112 no clock is believed: one that is wrong must not use the numbers up.
    private const long ClockMicrosMax = 1L << 52;

    /// <summary>The floors of the ledger that begins now; null when there are no numbers left above what is known.</summary>
    /// <param name="known">The highest numbers that are known to be given: by the backup, and by the store that it replaces.</param>
    /// <param name="unixMs">The time, in Unix milliseconds.</param>
    /// <param name="random">Any number; another one each time.</param>
    public static NumberFloors? Next(NumberFloors known, long unixMs, long random)
    {
        if (known.Revision > RevisionFloorMax - (2 * RevisionJump) || known.Sequence > SequenceFloorMax - SequenceJump)
            return null;
        var clock = unixMs is > 0 and < ClockMicrosMax / 1_000 ? unixMs * 1_000 : 0;
        return new NumberFloors(
            Math.Max(known.Revision + RevisionJump + (random & (RevisionJump - 1)), clock),
            known.Sequence + 1 + (random & (SequenceJump - 1)));
    }
}
