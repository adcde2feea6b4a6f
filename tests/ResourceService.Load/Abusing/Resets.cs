using System.Diagnostics;

namespace ResourceService.Load.Abusing;

/// <summary>Calls that are opened and taken back at once: three connections, thirty thousand calls in half a minute.</summary>
internal static class Resets
{
    private const int Connections = 3;
    private const double CallsPerSecond = 1000;
    private const int Burst = 10;
    private const int Window = 65_535;

    // Long enough for some of a burst to begin.
    private static readonly TimeSpan _moment = TimeSpan.FromMilliseconds(1);

    public static Task OfCallsAsync(AbuseTarget target, CancellationToken cancellationToken) =>
        RunAsync(target, AbusePaths.Get, AbusePaths.NoNode, cancellationToken);

    public static Task OfListsAsync(AbuseTarget target, CancellationToken cancellationToken) =>
        RunAsync(target, AbusePaths.List, AbusePaths.LargePage, cancellationToken);

    public static Task OfWatchesAsync(AbuseTarget target, CancellationToken cancellationToken) =>
        RunAsync(target, AbusePaths.Watch, AbusePaths.WholeHistory, cancellationToken);

    private static Task RunAsync(AbuseTarget target, string path, byte[] message, CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => OnOneAsync(target, path, message, cancellationToken)));

    private static async Task OnOneAsync(AbuseTarget target, string path, byte[] message, CancellationToken cancellationToken)
    {
        var between = TimeSpan.FromSeconds(Burst * Connections / CallsPerSecond);
        var left = (int)(target.Duration.TotalSeconds * CallsPerSecond / Connections / Burst);
        var start = Stopwatch.GetTimestamp();
        var burst = 0;
        await target.RunAsync(
            Window,
            async connection =>
            {
                if (burst == left)
                {
                    return true;
                }
                var wait = (between * burst) - Stopwatch.GetElapsedTime(start);
                if (wait > TimeSpan.Zero)
                {
                    await Task.Delay(wait, cancellationToken);
                }
                burst++;
                await connection.CallAndResetAsync(path, message, Burst, _moment);
                target.Attempted(Burst);
                return false;
            },
            cancellationToken);
    }
}
