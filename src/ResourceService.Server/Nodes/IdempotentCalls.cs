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
    /// <param name="stamp">Who asks, and how to know the request again.</param>
    /// <param name="parser">Reads a kept answer.</param>
    /// <param name="run">Does the work.</param>
    /// <param name="cancellation">Ends waiting for another attempt of the same request.</param>
    /// <param name="goesOn">Whether an empty kept answer means that the work was begun and is to go on.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<CallResult<TReply>> RunAsync<TReply>(
        RequestStamp stamp, MessageParser<TReply> parser, Func<RequestStamp, ValueTask<CallResult<TReply>>> run, CancellationToken cancellation,
        bool goesOn = false)
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
            while (true)
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
                            if (reader.FindReply(answer) is { } kept && !(goesOn && kept.Length == 0))
                            {
                                metrics.RequestRepeated();
                                return parser.ParseFrom(kept);
                            }

                            // Begun and not finished; or older than ids are remembered, and its answer went with the history of its time.
                            taken = fleet.Requests.BeginAgain(id, stamp.Fingerprint, answer);
                            break;

                        case RequestMemory.Standing.UnderWay:
                            await underWay.WaitAsync(cancellation);
                            break;

                        default:
                            return RpcErrors.RequestIdReused(id);
                    }
                }

                var result = await run(stamp);
                if (!fleet.Requests.WasFoundDurable(stamp.RequestId))
                    return result;
                // The attempt before, in doubt when this one began, was durable after all: its answer is the one.
                fleet.Requests.End(stamp.RequestId!.Value);
                taken = false;
            }
        }
        finally
        {
            if (taken)
                fleet.Requests.End(stamp.RequestId!.Value);
            Interlocked.Decrement(ref _inFlight);
        }
    }

    /// <summary>Runs a change that carries out several requests with ids of their own, each of which must be new.</summary>
    /// <param name="requests">Those requests.</param>
    /// <param name="run">Does the work.</param>
    /// <param name="refuse">Answers when one of the ids was used before.</param>
    /// <param name="cancellation">Ends waiting for others that use one of the ids.</param>
    public async ValueTask<CallResult<TReply>> RunAllAsync<TReply>(
        IEnumerable<RequestStamp> requests, Func<ValueTask<CallResult<TReply>>> run, Func<Guid, CallResult<TReply>> refuse, CancellationToken cancellation)
        where TReply : class, IMessage<TReply>
    {
        var taken = new List<Guid>();
        try
        {
            // In one order for all: of two changes with the same ids, one has to wait for the other, and never each for the other.
            foreach (var request in requests.OrderBy(static request => request.RequestId))
            {
                var id = request.RequestId!.Value;
                while (true)
                {
                    var (standing, _, underWay) = fleet.Requests.Begin(id, request.Fingerprint);
                    if (standing is RequestMemory.Standing.Remembered or RequestMemory.Standing.Reused)
                        return refuse(id);
                    if (standing == RequestMemory.Standing.New)
                        break;
                    await underWay.WaitAsync(cancellation);
                }

                taken.Add(id);
            }

            return await run();
        }
        finally
        {
            foreach (var id in taken)
                fleet.Requests.End(id);
        }
    }
}
