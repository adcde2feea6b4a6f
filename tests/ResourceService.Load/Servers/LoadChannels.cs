using Grpc.Core;
using Grpc.Net.Client;

namespace ResourceService.Load.Servers;

/// <summary>The connections of a drive: one channel for each, because a channel would otherwise open connections as it likes.</summary>
internal sealed class LoadChannels : IDisposable
{
    // A batch of 1000 answers with all details stays far below this.
    private const int MessageBytesMax = 64 * 1024 * 1024;

    private readonly GrpcChannel[] _channels;

    public LoadChannels(Uri address, int connectionCount)
    {
        Address = address;
        _channels = [.. Enumerable.Range(0, connectionCount).Select(_ => Open(address))];
        Invokers = [.. _channels.Select(channel => channel.CreateCallInvoker())];
    }

    public Uri Address { get; }

    public IReadOnlyList<CallInvoker> Invokers { get; }

    public static GrpcChannel Open(Uri address, CuttableConnections? connections = null) => GrpcChannel.ForAddress(address, new GrpcChannelOptions
    {
        HttpHandler = CreateHandler(connections),
        DisposeHttpClient = true,
        MaxReceiveMessageSize = MessageBytesMax,
        MaxSendMessageSize = MessageBytesMax,
        // The defaults (1 s, then up to 2 minutes) would be measured as the start-up time of the server.
        InitialReconnectBackoff = TimeSpan.FromMilliseconds(5),
        MaxReconnectBackoff = TimeSpan.FromMilliseconds(10),
    });

    public static HttpMessageHandler CreateHandler(CuttableConnections? connections = null) => LoadCredentials.OfRun.Wrap(new SocketsHttpHandler
    {
        EnableMultipleHttp2Connections = false,
        PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
        // Neither proxies nor cookies nor redirects exist here; each costs a look at every request.
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        ActivityHeadersPropagator = null,
        ConnectCallback = connections is null ? null : connections.ConnectAsync,
    });

    public void Dispose()
    {
        foreach (var channel in _channels)
        {
            channel.Dispose();
        }
    }
}
