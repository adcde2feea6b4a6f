namespace ResourceService.Load.Abusing;

/// <summary>Answers that are asked for and never read: flow control lets a caller take nothing for as long as it likes.</summary>
internal static class Unread
{
    private const int Connections = 3;
    private const int ListsEach = 540;
    private const int WatchesEach = 200;

    // Ten calls at a time: the server works while the others come.
    private const int Burst = 10;

    private static readonly TimeSpan _between = TimeSpan.FromMilliseconds(20);

    public static Task ListsAsync(AbuseTarget target, CancellationToken cancellationToken) =>
        RunAsync(target, AbusePaths.List, AbusePaths.LargePage, ListsEach, cancellationToken);

    public static Task WatchesAsync(AbuseTarget target, CancellationToken cancellationToken) =>
        RunAsync(target, AbusePaths.Watch, AbusePaths.WholeHistory, WatchesEach, cancellationToken);

    private static Task RunAsync(AbuseTarget target, string path, byte[] message, int callsEach, CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, Connections).Select(_ =>
        {
            var left = callsEach;
            return target.RunAsync(
                window: 0,
                async connection =>
                {
                    for (var i = 0; i < Burst && left > 0; i++, left--)
                    {
                        await connection.CallAsync(path, message);
                        target.Attempted();
                    }
                    await Task.Delay(_between, cancellationToken);
                    return left == 0;
                },
                cancellationToken);
        }));
}
