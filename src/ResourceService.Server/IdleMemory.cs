namespace ResourceService.Server;

/// <summary>
/// Gives memory back after a burst. The collector collects when something is allocated: a service that has become quiet keeps all that the last burst
/// took, for as long as it is quiet. Once that is so, it is asked to look; never while there is anything to do.
/// </summary>
internal sealed class IdleMemory(TimeProvider time) : BackgroundService
{
    // What probes, sweeps and metrics allocate in one interval stays far below this; a hundred calls a second do not.
    private const long QuietBytesMax = 16L << 20;

    // Less is not worth a collection.
    private const long BurstBytesMin = 64L << 20;

    // Compacting what is alive takes its time, a millisecond for a few MiB, in which nobody is answered. Of a larger heap garbage is a small part, as
    // all that callers can pile up is bounded.
    private const long CompactedBytesMax = 512L << 20;

    // At the first, answers and claims of the burst are garbage; at the second, the server's own buffers are, which it lets go bit by bit.
    private const int FirstAfter = 2;
    private const int SecondAfter = 6;

    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(15);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_interval, time);
        var seen = 0L;
        var burst = 0L;
        var quiet = 0;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var allocated = GC.GetTotalAllocatedBytes();
            var isQuiet = allocated - seen < QuietBytesMax;
            burst += allocated - seen;
            seen = allocated;
            quiet = isQuiet ? quiet + 1 : 0;
            if (burst < BurstBytesMin || quiet is not (FirstAfter or SecondAfter))
                continue;
            if (GC.GetTotalMemory(forceFullCollection: false) < CompactedBytesMax)
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            else
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false, compacting: false);
            if (quiet == SecondAfter)
                burst = 0;
        }
    }
}
