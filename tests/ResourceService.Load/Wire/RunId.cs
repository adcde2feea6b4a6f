using System.Diagnostics;

namespace ResourceService.Load.Wire;

/// <summary>
/// What makes the ids of this run different from those of every other run against the same store: the server remembers request ids, and would
/// answer a second run with the first one's claims. The seed decides nodes and order; only ids depend on the start of the run.
/// </summary>
internal static class RunId
{
    private static readonly ulong _start =
        RandomSequence.Mix((ulong)TimeProvider.System.GetUtcNow().Ticks ^ ((ulong)Environment.ProcessId << 48) ^ (ulong)Stopwatch.GetTimestamp());

    private static int _sources;

    /// <summary>The first of a range of 2^40 numbers that no other source of ids of this run uses.</summary>
    public static ulong NextRange() => _start + ((ulong)Interlocked.Increment(ref _sources) << 40);
}
