using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using ResourceService.Load.Driving;
using ResourceService.Load.Wire;
using ResourceService.V1;

namespace ResourceService.Load.Abusing;

/// <summary>
/// Who must not notice: claims, asks for the node, and releases, at a steady rate. What it claims it gives back, so that memory and books are as
/// before. A call that is due counts from then on, whether the server lets it go out or not.
/// </summary>
internal sealed class HealthyCaller : IDisposable
{
    // More than are ever due at a time, unless the server stands still: then latencies say it.
    private const int Loops = 32;

    private static readonly TimeSpan _deadline = TimeSpan.FromSeconds(30);

    private readonly GrpcChannel _channel;
    private readonly ClaimService.ClaimServiceClient _claims;
    private readonly NodeService.NodeServiceClient _nodes;
    private readonly NodeNames _names;
    private readonly double _rate;
    private readonly ulong _run = RunId.NextRange();
    private int _claimCount;

    public HealthyCaller(Uri address, string from, NodeNames names, double rate)
    {
        (_names, _rate) = (names, rate);
        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler
            {
                ConnectCallback = async (context, cancellation) =>
                {
                    var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                    socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
                    await socket.ConnectAsync(IPAddress.Parse(context.DnsEndPoint.Host), context.DnsEndPoint.Port, cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            },
            DisposeHttpClient = true,
        });
        _claims = new ClaimService.ClaimServiceClient(_channel);
        _nodes = new NodeService.NodeServiceClient(_channel);
    }

    /// <summary>Calls for so long and returns what it saw.</summary>
    public async Task<Measurement> RunAsync(TimeSpan duration, CancellationToken cancellationToken)
    {
        var window = DriveWindow.StartingNow(TimeSpan.Zero, duration);
        // An answer that comes after the end was asked for before it: leaving it out would hide the slowest.
        var measurement = new Measurement(window with { Until = long.MaxValue });
        var pacer = new Pacer(_rate);
        await Task.WhenAll(Enumerable.Range(0, Loops).Select(_ => Task.Run(() => LoopAsync(pacer, window, measurement, cancellationToken), cancellationToken)));
        return measurement;
    }

    public void Dispose() => _channel.Dispose();

    private async Task LoopAsync(Pacer pacer, DriveWindow window, Measurement measurement, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var number = Interlocked.Increment(ref _claimCount);
            var (instance, node) = ($"{_run}-{number}", _names[number % _names.Count]);
            var claim = new ClaimInstanceRequest
            {
                NodeId = node,
                Instance = new Instance { InstanceId = instance },
                Resources = new ResourceRequest { Resources = { ["VCPU"] = 1 } },
            };
            if (!await CallAsync(options => _claims.ClaimInstanceAsync(claim, options)))
            {
                return;
            }
            if (!await CallAsync(options => _nodes.GetNodeAsync(new GetNodeRequest { NodeId = node }, options)))
            {
                return;
            }
            if (!await CallAsync(options => _claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = instance }, options)))
            {
                return;
            }
        }

        async Task<bool> CallAsync<T>(Func<CallOptions, AsyncUnaryCall<T>> call)
        {
            var sentAt = await pacer.NextAsync();
            if (sentAt >= window.Until)
            {
                return false;
            }
            try
            {
                await call(new CallOptions(deadline: (TimeProvider.System.GetUtcNow() + _deadline).UtcDateTime, cancellationToken: cancellationToken));
                measurement.Answered(sentAt, Stopwatch.GetTimestamp(), 0);
            }
            catch (RpcException e)
            {
                measurement.Failed(e.StatusCode.ToString(), e.Status.Detail);
            }
            return true;
        }
    }
}
