using System.Diagnostics;
using System.Diagnostics.Metrics;
using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Nodes;
using ResourceService.Server.Nodes;
using ResourceService.Storage;

namespace ResourceService.Server.Telemetry;

/// <summary>
/// Every instrument of the service. Labels are names from closed lists, made once: nothing that a caller writes becomes one, and a claim
/// builds no text. While nobody listens an instrument costs a look at a field.
/// </summary>
internal sealed class ServiceMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "ResourceService";

    // A call on this machine takes a tenth of a millisecond, one behind a full queue a second.
    private static readonly InstrumentAdvice<double> _seconds = new()
    {
        HistogramBucketBoundaries = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    private static readonly InstrumentAdvice<long> _entries = new()
    {
        HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096],
    };

    private static readonly KeyValuePair<string, object?> _foundByCaller = new("found_by", "caller");
    private static readonly KeyValuePair<string, object?> _foundByStore = new("found_by", "store");
    private static readonly KeyValuePair<string, object?> _kept = new("outcome", "kept");
    private static readonly KeyValuePair<string, object?> _leftOut = new("outcome", "left_out");

    private readonly Meter _meter = new(MeterName, ServiceVersion.Text);
    private readonly Counter<long> _claims;
    private readonly Counter<long> _refusedDimensions;
    private readonly Counter<long> _repeatedRequests;
    private readonly Counter<long> _generationConflicts;
    private readonly Counter<long> _expiredLeases;
    private readonly Counter<long> _commits;
    private readonly Counter<long> _committedChanges;
    private readonly Counter<long> _storeFailures;
    private readonly Counter<long> _accessRefusals;
    private readonly Counter<long> _missedLeases;
    private readonly Counter<long> _drifts;
    private readonly Counter<long> _backgroundFailures;
    private readonly Counter<long> _refusalRecords;
    private SweepFindings _swept;
    private readonly Counter<long> _retiredRows;
    private readonly Histogram<double> _rpcDuration;
    private readonly Histogram<double> _serverCallDuration;
    private readonly Histogram<double> _streamRequestDuration;
    private readonly Histogram<double> _commitDuration;
    private readonly Counter<long> _telemetryFailures;
    private readonly Histogram<long> _batchSize;

    // Of the batch being counted; used by the committer's thread alone.
    private readonly long[] _changesByKind = new long[MetricLabels.ChangeKindCount];

    public ServiceMetrics()
    {
        _claims = Count("claims", "Claims answered, those of moves' targets among them, by outcome and the reason of the contract's errors; repeated requests included.");
        _refusedDimensions = Count("refused_dimensions", "Refused claims by what failed; a claim counts once for each reason that it met.");
        _refusalRecords = Count("refusal_records", "Refused claims by whether they are kept for ListRefusals, or left out because there are too many alike.");
        _repeatedRequests = Count("repeated_requests", "Requests that got the answer kept for their id.");
        _generationConflicts = Count("generation_conflicts", "Changes decided on an older picture of their node.");
        _expiredLeases = Count("expired_leases", "Claims and moves that nobody confirmed before their lease ended.");
        _commits = Count("commits", "Transactions made durable.");
        _committedChanges = Count("committed_changes", "Changes made durable, by kind; several share a transaction.");
        _storeFailures = Count("store_failures", "Commits and reconnections that failed.");
        _retiredRows = Count("retired_rows", "Rows of history deleted because they are no longer kept, by table.");
        _accessRefusals = Count("access_refusals", "Calls and TLS handshakes refused, by reason: who called, what for, or how much.");
        _drifts = Count("drifts", "Differences between the ledger and a host that audits found, by kind.");
        _backgroundFailures = Count("background_failures", "Errors of what the service does by itself, by task; it is tried again.");
        _missedLeases = Count("missed_leases", "Leases that the sweep ended instead of the clock.");
        _rpcDuration = _meter.CreateHistogram("resource_service.rpc.duration", "s", "Calls by method and gRPC code.", advice: _seconds);
        // The conventions' name and labels, for what was not made for this service; the one above, with short labels, is what its own dashboard asks.
        _serverCallDuration = _meter.CreateHistogram("rpc.server.call.duration", "s", "Calls, as OpenTelemetry's conventions for RPC have it.", advice: _seconds);
        _streamRequestDuration = _meter.CreateHistogram(
            "resource_service.stream_request.duration", "s", "Requests inside StreamClaims by gRPC code, from being read to being answered.", advice: _seconds);
        _telemetryFailures = Count("telemetry_failures", "Failures of sending traces, metrics and logs, by the library's name of what happened.");
        _commitDuration = _meter.CreateHistogram("resource_service.commit.duration", "s", "Transactions, disk flush included.", advice: _seconds);
        _batchSize = _meter.CreateHistogram("resource_service.commit.batch_size", "{entry}", "Requests in one transaction.", advice: _entries);
        _meter.CreateObservableGauge(
            "resource_service.stale_migrations", () => _swept.StaleMigrations, description: "Moves without progress for too long, when last counted.");
        _meter.CreateObservableGauge(
            "resource_service.usage_differences", () => DiffersAtStart, description: "Nodes whose recorded usage was not the sum of their claims, at start.");
        _meter.CreateObservableGauge(
            "resource_service.overdue_audits", () => _swept.OverdueNodes, description: "Nodes not audited for too long, when last counted.");
        var startTime = ProcessStart.UnixSeconds;
        _meter.CreateObservableGauge("process.start_time", () => startTime, "s", "When the process started, in seconds since 1970.");

        Counter<long> Count(string name, string description) => _meter.CreateCounter<long>($"resource_service.{name}", description: description);
    }

    /// <summary>Nodes whose recorded usage was not the sum of their claims, when they were read at start.</summary>
    public long DiffersAtStart { get; set; }

    /// <summary>Whether anybody wants to know how claims end.</summary>
    public bool CountsClaims => _claims.Enabled;

    /// <summary>Whether anybody wants to know how long calls take.</summary>
    public bool TimesCalls => _rpcDuration.Enabled;

    /// <summary>Whether anybody wants to know how long requests inside streams take.</summary>
    public bool TimesStreamRequests => _streamRequestDuration.Enabled;

    /// <summary>Shows the state of the fleet from now on; called once, when the fleet is loaded.</summary>
    public void Observe(FleetReadings fleet)
    {
        Gauge("queue.depth", "Changes that wait for their node's decision, on all nodes.", () => fleet.Totals().QueueDepth);
        Gauge("queue.longest", "Changes that wait for the node with the longest queue.", () => fleet.Totals().QueueLongest);
        Gauge("commit.waiting", "Decided changes that wait for the writer.", () => fleet.WaitingForCommit);
        Gauge("calls_in_flight", "Calls under way that may change something.", () => fleet.CallsInFlight);
        Gauge("remembered_requests", "Requests whose ids are remembered.", () => fleet.RememberedRequests);
        Gauge("watchers", "Streams that follow the history.", () => fleet.Watchers);
        Gauge("store_available", "1 while changes are taken, 0 while the store is lost.", () => fleet.StoreIsAvailable ? 1 : 0);
        Gauges("nodes", "Nodes by state.", () => fleet.Totals().Nodes());
        Gauges("live_claims", "Claims that hold resources; the held ones are under a lease.", () => fleet.Totals().LiveClaims());
        Gauges("capacity", "What all nodes can promise, by class, in the class's unit.", () => fleet.Totals().Capacity());
        Gauges("used", "What claims hold on all nodes, by class, in the class's unit.", () => fleet.Totals().Used());
        Gauges(
            "largest_request", "What one claim would get at most on one enabled node, by class, in the class's unit; by amounts alone.",
            () => fleet.Totals().LargestRequest());
        _meter.CreateObservableGauge(
            "resource_service.oldest_held_claim", () => fleet.OldestHeldSeconds, "s", "For how long a claim has been held without being confirmed, at most.");
        Bytes("database.size", "The database, what is free inside it included.", sizes => sizes.Database);
        Bytes("wal.size", "The write-ahead log.", sizes => sizes.Log);
        Bytes("volume.free", "What the service may still take of its volume, beside the reserve that it keeps.", sizes => sizes.VolumeFree);
        Bytes("volume.size", "The volume that the database is on.", sizes => sizes.Volume);

        void Gauge(string name, string description, Func<long> read) =>
            _meter.CreateObservableGauge($"resource_service.{name}", read, description: description);

        // Without a series, rather than with a wrong one, while nobody says.
        void Bytes(string name, string description, Func<StoreSizes, long> read) => _meter.CreateObservableGauge(
            $"resource_service.{name}", IEnumerable<Measurement<long>> () => fleet.Sizes is { } sizes ? [new(read(sizes))] : [], "By", description);

        void Gauges(string name, string description, Func<IEnumerable<Measurement<long>>> read) =>
            _meter.CreateObservableGauge($"resource_service.{name}", read, description: description);
    }

    /// <summary>Shows counters that have not counted yet as 0: a rate can be told from the first count on. Called once somebody may listen.</summary>
    public void ShowZeros()
    {
        ReadOnlySpan<Counter<long>> plain = [_repeatedRequests, _expiredLeases, _missedLeases, _commits, _storeFailures];
        foreach (var counter in plain)
            counter.Add(0);
        _claims.Add(0, new("outcome", MetricLabels.Of(error: null).Outcome), new("reason", MetricLabels.Of(error: null).Reason));
        _generationConflicts.Add(0, _foundByCaller);
        _generationConflicts.Add(0, _foundByStore);
        _refusalRecords.Add(0, _kept);
        _refusalRecords.Add(0, _leftOut);
        foreach (var table in Enum.GetValues<RetainedTable>())
            RowsRetired(table, 0);
        foreach (var kind in Enum.GetValues<ChangeKind>())
            _committedChanges.Add(0, new KeyValuePair<string, object?>("kind", MetricLabels.ChangeKindAt(MetricLabels.IndexOf(kind))));
        foreach (var kind in Enum.GetValues<DriftKind>())
            _drifts.Add(0, new KeyValuePair<string, object?>("kind", MetricLabels.Of(kind)));
        foreach (var task in Enum.GetValues<BackgroundTask>())
            _backgroundFailures.Add(0, new KeyValuePair<string, object?>("task", MetricLabels.Of(task)));
        _telemetryFailures.Add(0, new KeyValuePair<string, object?>("event", ""));
        foreach (var reason in MetricLabels.AccessRefusals)
            _accessRefusals.Add(0, new KeyValuePair<string, object?>("reason", reason));
        foreach (var dimension in MetricLabels.Dimensions)
            _refusedDimensions.Add(0, new KeyValuePair<string, object?>("reason", dimension));
    }

    /// <summary>A call ended.</summary>
    /// <param name="method">Which; null for one that there is not.</param>
    /// <param name="server">The address that it came to.</param>
    /// <param name="code">How it ended.</param>
    /// <param name="errorType">Why, by a name of a closed list; null when it was accepted.</param>
    /// <param name="elapsed">How long it took.</param>
    public void CallEnded(global::Grpc.Core.IMethod? method, ServerEndpoint server, global::Grpc.Core.StatusCode code, string? errorType, TimeSpan elapsed)
    {
        _rpcDuration.Record(elapsed.TotalSeconds, new("method", method?.Name ?? RpcAttributes.OtherMethod), new("code", MetricLabels.Of(code)));
        if (!_serverCallDuration.Enabled)
            return;
        var labels = new TagList
        {
            { RpcAttributes.System, RpcAttributes.Grpc },
            { RpcAttributes.Method, RpcAttributes.MethodOf(method) },
            { RpcAttributes.StatusCode, MetricLabels.ContractName(code) },
            { RpcAttributes.ServerAddress, server.Address },
            { RpcAttributes.ServerPort, server.Port },
        };
        if (errorType is not null)
            labels.Add(RpcAttributes.ErrorType, errorType);
        _serverCallDuration.Record(elapsed.TotalSeconds, labels);
    }

    /// <summary>A request inside StreamClaims was answered.</summary>
    public void StreamRequestAnswered(global::Grpc.Core.StatusCode code, TimeSpan elapsed) =>
        _streamRequestDuration.Record(elapsed.TotalSeconds, new KeyValuePair<string, object?>("code", MetricLabels.Of(code)));

    /// <summary>Something could not be sent.</summary>
    public void TelemetryFailed(string name) => _telemetryFailures.Add(1, new KeyValuePair<string, object?>("event", name));

    /// <summary>A refused claim is kept, or left out.</summary>
    public void RefusalSampled(bool isKept) => _refusalRecords.Add(1, isKept ? _kept : _leftOut);

    /// <summary>A claim was answered; a null error means that it was made.</summary>
    public void ClaimAnswered(Google.Rpc.Status? error)
    {
        var (outcome, reason) = MetricLabels.Of(error);
        _claims.Add(1, new("outcome", outcome), new("reason", reason));
        if (error is null || !_refusedDimensions.Enabled)
            return;
        foreach (var dimension in MetricLabels.DimensionsOf(error))
            _refusedDimensions.Add(1, new KeyValuePair<string, object?>("reason", dimension));
    }

    /// <summary>A request got the answer kept for it.</summary>
    public void RequestRepeated() => _repeatedRequests.Add(1);

    /// <summary>A caller's expected generation was not its node's.</summary>
    public void CallerWasStale() => _generationConflicts.Add(1, _foundByCaller);

    /// <summary>A batch is durable. Called by the committer's thread alone.</summary>
    public void Committed(CommitBatch batch, int entries)
    {
        if (!batch.HasWritten)
            return;
        _commits.Add(1);
        _commitDuration.Record(batch.Elapsed.TotalSeconds);
        _batchSize.Record(entries);
        if (!_committedChanges.Enabled)
            return;

        foreach (var drift in batch.Audits.SelectMany(audit => audit.Drifts))
            _drifts.Add(1, new KeyValuePair<string, object?>("kind", MetricLabels.Of(drift.Kind)));
        foreach (var change in batch.Events)
            _changesByKind[MetricLabels.IndexOf(change.Kind)]++;
        _expiredLeases.Add(
            _changesByKind[MetricLabels.IndexOf(ChangeKind.ClaimExpired)] + _changesByKind[MetricLabels.IndexOf(ChangeKind.MigrationExpired)]);
        for (var i = 0; i < _changesByKind.Length; i++)
        {
            if (_changesByKind[i] > 0)
                _committedChanges.Add(_changesByKind[i], new KeyValuePair<string, object?>("kind", MetricLabels.ChangeKindAt(i)));
            _changesByKind[i] = 0;
        }
    }

    /// <summary>The store failed.</summary>
    public void StoreFailed(Exception cause)
    {
        _storeFailures.Add(1);
        if (cause is GenerationConflictException)
            _generationConflicts.Add(1, _foundByStore);
    }

    /// <summary>Rows of history were deleted.</summary>
    public void RowsRetired(RetainedTable table, int count) =>
        _retiredRows.Add(count, new KeyValuePair<string, object?>("table", MetricLabels.Of(table)));

    /// <summary>All nodes were looked at.</summary>
    public void Swept(SweepFindings findings)
    {
        _swept = findings;
        _missedLeases.Add(findings.MissedLeases);
    }

    /// <summary>Something that the service does by itself ended with an error.</summary>
    public void BackgroundFailed(BackgroundTask task) => _backgroundFailures.Add(1, new KeyValuePair<string, object?>("task", MetricLabels.Of(task)));

    /// <summary>A caller was refused.</summary>
    public void AccessRefused(string reason) => _accessRefusals.Add(1, new KeyValuePair<string, object?>("reason", reason));

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
