using System.Net;
using System.Net.Sockets;
using ResourceService.Testing;

namespace ResourceService.Load.Abusing;

/// <summary>What is begun and not gone on with: headers alone, half a message, a connection on which nothing comes.</summary>
internal static class HalfOpen
{
    private const int Connections = 3;
    private const int StreamsEach = 900;
    private const int IdleConnections = 2000;
    private const int ConnectsAtOnce = 50;
    private const int Half = 8 * 1024;
    private const int Window = 65_535;

    public static Task StreamsAsync(AbuseTarget target, CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, Connections).Select(_ =>
        {
            var opened = 0;
            var half = RawHttp2.Message(new byte[Half], length: 2 * Half);
            return target.RunAsync(
                Window,
                async connection =>
                {
                    var stream = await connection.OpenAsync(opened % 2 == 0 ? AbusePaths.Claim : AbusePaths.Stream);
                    // Every third says only that there will be something. A server takes as much as its window says, together; then this waits.
                    if (opened % 3 != 0)
                    {
                        await connection.SendAsync(RawHttp2.Data(stream, half.AsSpan(0, 256)));
                    }
                    target.Attempted();
                    return ++opened >= StreamsEach;
                },
                cancellationToken);
        }));

    public static async Task ConnectionsAsync(AbuseTarget target, CancellationToken cancellationToken)
    {
        var clients = new List<TcpClient>();
        try
        {
            while (clients.Count < IdleConnections)
            {
                await Task.WhenAll(Enumerable.Range(0, ConnectsAtOnce).Select(async number =>
                {
                    var client = new TcpClient(new IPEndPoint(IPAddress.Parse(target.From), 0));
                    lock (clients)
                    {
                        clients.Add(client);
                    }
                    await client.ConnectAsync(target.Address.Host, target.Address.Port, cancellationToken);
                    target.Attempted();
                    _ = CountEndAsync(client, target, cancellationToken);
                }));
            }
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // The time is over, or the server takes no more of them.
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    private static async Task CountEndAsync(TcpClient client, AbuseTarget target, CancellationToken cancellationToken)
    {
        try
        {
            var buffer = new byte[256];
            while (await client.GetStream().ReadAsync(buffer, cancellationToken) > 0)
            {
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // Reset, or the time is over.
        }
        if (!cancellationToken.IsCancellationRequested)
        {
            target.Closed();
        }
    }
}
