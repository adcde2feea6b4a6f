using ResourceService.Testing;

namespace ResourceService.Load.Abusing;

/// <summary>Frames and messages larger than the server said that it takes, on a new connection whenever it ends the last.</summary>
internal static class Oversized
{
    private const int Connections = 3;
    private const int FrameBytes = 1 << 20;
    private const int DataFrameBytes = 16 * 1024;
    private const int MessageBytes = 64 << 20;
    private const int Window = 65_535;
    private const int RoundsMax = 2_000;

    private static readonly TimeSpan _between = TimeSpan.FromMilliseconds(20);

    public static Task FramesAndMessagesAsync(AbuseTarget target, CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, Connections).Select(async number =>
        {
            var rounds = 0;
            await target.RunAsync(
                Window,
                async connection =>
                {
                    var stream = await connection.OpenAsync(AbusePaths.Claim);
                    await connection.SendAsync(number == 0
                        ? RawHttp2.Data(stream, new byte[FrameBytes])
                        // What the connection's window lets through: more would end the connection, and hide whether messages are bounded.
                        : RawHttp2.Data(stream, RawHttp2.Message(new byte[DataFrameBytes / 2], length: MessageBytes)));
                    target.Attempted();
                    await Task.Delay(_between, cancellationToken);
                    return ++rounds == RoundsMax;
                },
                cancellationToken);
        }));
}
