using System.Diagnostics;

namespace ResourceService.Load.Driving;

/// <summary>The time of a drive in readings of the Stopwatch: what is answered between From and Until is measured, what comes before is warm-up.</summary>
internal sealed record DriveWindow(long Start, long From, long Until)
{
    /// <summary>A window without an end, for drives that end with a number of claims.</summary>
    public static DriveWindow Open()
    {
        var now = Stopwatch.GetTimestamp();
        return new DriveWindow(now, now, long.MaxValue);
    }

    public static DriveWindow StartingNow(TimeSpan warmup, TimeSpan duration)
    {
        var start = Stopwatch.GetTimestamp();
        var from = start + Ticks(warmup);
        return new DriveWindow(start, from, from + Ticks(duration));
    }

    public static long Ticks(TimeSpan span) => (long)(span.TotalSeconds * Stopwatch.Frequency);

    public static Task WaitUntilAsync(long timestamp, CancellationToken cancellationToken)
    {
        var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), timestamp);
        return left > TimeSpan.Zero ? Task.Delay(left, cancellationToken) : Task.CompletedTask;
    }
}
