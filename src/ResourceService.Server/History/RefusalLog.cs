using Google.Rpc;
using ResourceService.Server.Nodes;
using ResourceService.Server.Options;
using ResourceService.Server.Telemetry;
using ResourceService.Storage;
using Status = Google.Rpc.Status;

namespace ResourceService.Server.History;

/// <summary>
/// Keeps a sample of refused claims for those who ask later why an instance got no place. Never on the way of a claim: a refusal that is kept waits in memory,
/// and once a second those that wait are written among the others of the committer. They are listed from memory until they are durable.
/// </summary>
internal sealed class RefusalLog : IDisposable
{
    // As many as are kept in almost a minute. They wait longer only while the store is lost or nearly full; what comes then is left out.
    private const int WaitingMax = 1_000;

    private static readonly TimeSpan _betweenWrites = TimeSpan.FromSeconds(1);

    private readonly FleetServices _fleet;
    private readonly IClaimReader _reader;
    private readonly ServiceMetrics _metrics;
    private readonly int _keptMax;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();

    // All under _gate. Those that wait have numbers above all in the store; the first _submitted are on their way.
    private readonly RefusalSample _sample = new();
    private readonly List<RefusalRecord> _waiting = [];
    private int _submitted;
    private long _last;

    public RefusalLog(FleetServices fleet, IClaimReader reader, RetentionOptions options, ServiceMetrics metrics, LedgerClock clock, BackgroundWork work)
    {
        _fleet = fleet;
        _reader = reader;
        _metrics = metrics;
        _keptMax = options.RefusalsMax;
        _timer = clock.CreateTimer(_ => work.Run(BackgroundTask.Refusals, Write), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Begins behind what the store holds; the fleet must be loaded.</summary>
    public void Start(long lastSequence)
    {
        lock (_gate)
            _last = lastSequence;
        _timer.Change(_betweenWrites, _betweenWrites);
    }

    /// <summary>Hands the last ones to the committer, which must not have ended.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        Submit();
    }

    /// <summary>A claim was refused. One that only validates, or that is to come again, is not kept.</summary>
    public void Note(string method, string actor, V1.ClaimInstanceRequest? request, Status error)
    {
        if (request is { ValidateOnly: false } && IsKept(error))
            Note(RefusedRequest.Of(method, actor, request), error);
    }

    /// <summary>A resize was refused.</summary>
    public void Note(string actor, V1.ClaimResizeRequest request, Status error)
    {
        if (!request.ValidateOnly && IsKept(error))
            Note(RefusedRequest.Of(actor, request), error);
    }

    /// <summary>A migration was refused.</summary>
    public void Note(string actor, V1.ClaimMigrationRequest request, Status error)
    {
        if (!request.ValidateOnly && IsKept(error))
            Note(RefusedRequest.Of(actor, request), error);
    }

    /// <summary>Refusals, newest first; none where none are to be kept, also while older ones are not deleted yet.</summary>
    public IEnumerable<RefusalRecord> List(RefusalFilter filter, int limit)
    {
        if (_keptMax == 0)
            return [];
        RefusalRecord[] waiting;
        lock (_gate)
            waiting = [.. _waiting];
        // Those may become durable right now: from the store only what is older than they are.
        var stored = waiting.Length == 0 ? filter : filter with { Before = Math.Min(filter.Before, waiting[0].Sequence) };
        return waiting.Reverse().Where(filter.Takes).Concat(_reader.ListRefusals(stored, limit));
    }

    private bool IsKept(Status error) =>
        _keptMax > 0 && (Code)error.Code is Code.NotFound or Code.AlreadyExists or Code.FailedPrecondition or Code.ResourceExhausted or Code.Aborted;

    private void Note(in RefusedRequest request, Status error)
    {
        var reason = error.GetDetail<ErrorInfo>()?.Reason ?? "";
        // It says nothing of its own, and a batch may have a thousand of them around the one that does.
        if (reason == MetricLabels.BatchNotApplied)
            return;
        var now = _fleet.Now;
        bool isKept;
        long suppressed;
        lock (_gate)
        {
            var hasRoom = _waiting.Count < WaitingMax;
            isKept = _sample.Takes(request.Actor, reason, NodeOf(request, reason), request.InstanceId, now, hasRoom, out suppressed);
        }

        _metrics.RefusalSampled(isKept);
        if (!isKept)
            return;

        var refusal = request.ToRecord(error, reason, now, suppressed);
        lock (_gate)
            _waiting.Add(refusal with { Sequence = ++_last });
    }

    // What stands for the group's node. Any number of names are no node: they are one group.
    private static string NodeOf(in RefusedRequest request, string reason) =>
        request.Nodes.Count == 0 || reason == MetricLabels.NodeNotFound ? "" : request.Nodes[0];

    // One at a time. A store that is lost or nearly full has more important things to write.
    private void Write()
    {
        lock (_gate)
        {
            if (_submitted > 0 || _waiting.Count == 0)
                return;
        }

        if (_fleet.Committer.IsAvailable && !_fleet.Committer.IsNearlyFull)
            Submit();
    }

    private void Submit()
    {
        RefusalRecord[] rows;
        lock (_gate)
        {
            rows = [.. _waiting.Skip(_submitted)];
            _submitted += rows.Length;
        }

        if (rows.Length > 0)
            _fleet.Committer.Submit(new Entry(new RefusalWrite(rows, rows[^1].Sequence - _keptMax + 1), this));
    }

    private void Written(int count)
    {
        lock (_gate)
        {
            _waiting.RemoveRange(0, count);
            _submitted -= count;
        }
    }

    // The next second tries again; what was durable after all is not written twice.
    private void NotWritten(int count)
    {
        lock (_gate)
            _submitted -= count;
    }

    private sealed class Entry(RefusalWrite write, RefusalLog log) : CommitEntry
    {
        public override RefusalWrite? Refusals => write;

        public override void Committed(long answer)
        {
        }

        public override void Acknowledge() => log.Written(write.Rows.Count);

        public override void Failed() => log.NotWritten(write.Rows.Count);
    }
}
