using System.Runtime.CompilerServices;
using Google.Protobuf;
using ResourceService.Server.Grpc;
using ResourceService.Server.Options;
using ResourceService.Server.Telemetry;
using ResourceService.Storage;

namespace ResourceService.Server.Nodes;

/// <summary>
/// The door through which every change comes: counts what is under way and bounds it, turns callers away while the service stops, and gives a
/// retry the first answer instead of doing its work again.
/// </summary>
internal sealed class IdempotentCalls(FleetServices fleet, IClaimReader reader, NodeOptions options, ServiceMetrics metrics)
{
    private int _inFlight;
    private volatile bool _stopping;

    /// <summary>How many changes are under way.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Turns all further callers away; what is under way goes on.</summary>
    public void Stop() => _stopping = true;

    /// <summary>Runs a change, once per request id where the request has one.</summary>
    /// <param name="request">The request, whose content a retry must repeat.</param>
    /// <param name="requestId">Its id; null when it has none.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="parser">Reads a kept answer.</param>
    /// <param name="run">Does the work.</param>
    /// <param name="cancellation">Ends waiting for another attempt of the same request.</param>
    public ValueTask<CallResult<TReply>> RunAsync<TReply>(
        IMessage request, Guid? requestId, string actor, MessageParser<TReply> parser, Func<RequestStamp, ValueTask<CallResult<TReply>>> run,
        CancellationToken cancellation)
        where TReply : class, IMessage<TReply> =>
        RunAsync(new RequestStamp(actor, requestId, requestId is null ? 0 : Fingerprints.Of(request)), parser, run, cancellation);

    /// <summary>Runs a change whose stamp the caller made.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<CallResult<TReply>> RunAsync<TReply>(
        RequestStamp stamp, MessageParser<TReply> parser, Func<RequestStamp, ValueTask<CallResult<TReply>>> run, CancellationToken cancellation)
        where TReply : class, IMessage<TReply>
    {
        if (_stopping)
            return RpcErrors.Stopping();
        if (Interlocked.Increment(ref _inFlight) > options.InFlightMax)
        {
            Interlocked.Decrement(ref _inFlight);
            return RpcErrors.QueueFull();
        }

        var taken = false;
        try
        {
            while (stamp.RequestId is { } id && !taken)
            {
                var (standing, answer, underWay) = fleet.Requests.Begin(id, stamp.Fingerprint);
                switch (standing)
                {
                    case RequestMemory.Standing.New:
                        taken = true;
                        break;

                    case RequestMemory.Standing.Remembered:
                        if (reader.FindReply(answer) is { } kept)
                        {
                            metrics.RequestRepeated();
                            return parser.ParseFrom(kept);
                        }

                        // It is older than ids are remembered, and went with the history of its time.
                        fleet.Requests.Forget(id);
                        break;

                    case RequestMemory.Standing.UnderWay:
                        await underWay.WaitAsync(cancellation);
                        break;

                    default:
                        return RpcErrors.RequestIdReused(id);
                }
            }

            return await run(stamp);
        }
        finally
        {
            if (taken)
                fleet.Requests.End(stamp.RequestId!.Value);
            Interlocked.Decrement(ref _inFlight);
        }
    }
}
