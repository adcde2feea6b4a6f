namespace ResourceService.Server.Telemetry;

/// <summary>Every line the service logs. Information is for its life, Warning for what an operator should look at, Debug for single calls.</summary>
internal static partial class ServiceLog
{
    [LoggerMessage(1, LogLevel.Information,
        "Recovered in {ElapsedMs} ms: {NodeCount} nodes, {ClaimCount} claims ({HeldCount} held), {RequestCount} remembered requests, revision {Revision}")]
    public static partial void Recovered(
        this ILogger logger, long elapsedMs, int nodeCount, int claimCount, int heldCount, int requestCount, long revision);

    [LoggerMessage(50, LogLevel.Warning, "Node {NodeId} had {Recorded} recorded as used; its claims, which count, add up to {Summed}")]
    public static partial void UsageDiffered(this ILogger logger, Ledger.NodeId nodeId, string recorded, string summed);

    [LoggerMessage(51, LogLevel.Warning, "{Count} more nodes had something else recorded as used than their claims add up to")]
    public static partial void MoreUsageDiffered(this ILogger logger, int count);

    [LoggerMessage(60, LogLevel.Information, "Starting version {Version}")]
    public static partial void Starting(this ILogger logger, string version);

    [LoggerMessage(2, LogLevel.Information, "Listening on {Address}")]
    public static partial void Listening(this ILogger logger, string address);

    [LoggerMessage(3, LogLevel.Information, "Stopping: finishing what was accepted")]
    public static partial void Stopping(this ILogger logger);

    [LoggerMessage(4, LogLevel.Information, "Stopped: everything accepted is durable up to revision {Revision}")]
    public static partial void Stopped(this ILogger logger, long revision);

    [LoggerMessage(5, LogLevel.Error, "The store is lost, changes are refused until it is back: {Cause}")]
    public static partial void StoreLost(this ILogger logger, string cause, Exception exception);

    [LoggerMessage(6, LogLevel.Warning, "The store is still lost: {Cause}")]
    public static partial void StoreStillLost(this ILogger logger, string cause);

    [LoggerMessage(7, LogLevel.Information,
        "The store is back after {Attempts} attempts: {NodeCount} nodes read again, {RequestCount} requests in doubt turned out durable")]
    public static partial void StoreRecovered(this ILogger logger, int attempts, int nodeCount, int requestCount);

    [LoggerMessage(45, LogLevel.Warning, "The store is nearly full, only what ends or frees something is taken: {Cause}")]
    public static partial void StoreNearlyFull(this ILogger logger, string cause);

    [LoggerMessage(46, LogLevel.Information, "The store has room again")]
    public static partial void StoreHasRoom(this ILogger logger);

    [LoggerMessage(44, LogLevel.Error, "A ledger broke its own rules, and its {NodeCount} nodes were read again: a defect of this service, please report it")]
    public static partial void LedgerBroken(this ILogger logger, int nodeCount, Exception exception);

    [LoggerMessage(8, LogLevel.Error, "{Method} failed unexpectedly")]
    public static partial void CallFailed(this ILogger logger, string method, Exception exception);

    [LoggerMessage(30, LogLevel.Warning, "Access refused {Count} times for {Reason}; last at {Method} by {Caller}")]
    public static partial void AccessRefused(this ILogger logger, long count, string reason, string method, string caller);

    [LoggerMessage(31, LogLevel.Information, "Reloaded {Source}")]
    public static partial void Reloaded(this ILogger logger, string source);

    [LoggerMessage(32, LogLevel.Warning, "{Source} cannot be used, what was read before stays in force: {Cause}")]
    public static partial void NotReloaded(this ILogger logger, string source, string cause);

    [LoggerMessage(35, LogLevel.Warning, "{Source} cannot be used, and nothing was read from it before: callers who need it have to wait: {Cause}")]
    public static partial void NotLoaded(this ILogger logger, string source, string cause);

    [LoggerMessage(33, LogLevel.Warning, "Callers are not authenticated: whoever reaches this service may do everything")]
    public static partial void Unauthenticated(this ILogger logger);

    [LoggerMessage(34, LogLevel.Error, "The server's certificate {Why}: clients refuse the service until a valid one takes its place, which needs no restart")]
    public static partial void CertificateOutOfDate(this ILogger logger, string why);

    [LoggerMessage(43, LogLevel.Warning, "A watcher took nothing for {Seconds} s and was cut off after revision {Revision}")]
    public static partial void WatcherCutOff(this ILogger logger, int seconds, long revision);

    [LoggerMessage(40, LogLevel.Warning, "{Count} leases of {NodeId} had ended and were still held: was the clock set?")]
    public static partial void LeasesMissed(this ILogger logger, int count, string nodeId);

    [LoggerMessage(41, LogLevel.Warning, "{Count} moves have made no progress for {Minutes} minutes: confirm, revert or fail them")]
    public static partial void StaleMigrations(this ILogger logger, int count, int minutes);

    [LoggerMessage(42, LogLevel.Warning, "{Count} nodes were not audited for {Minutes} minutes")]
    public static partial void OverdueAudits(this ILogger logger, int count, int minutes);

    [LoggerMessage(9, LogLevel.Debug, "{Method} was answered with {Code} ({Reason}) about {Subject}: {Detail}")]
    public static partial void CallRefused(
        this ILogger logger, string method, global::Grpc.Core.StatusCode code, string reason, string subject, string detail);

    [LoggerMessage(65, LogLevel.Warning, "Traces, metrics or logs could not be sent, {Count} times since this was told last ({Event}): {Detail}")]
    public static partial void TelemetryFailed(this ILogger logger, long count, string @event, string detail);

    [LoggerMessage(66, LogLevel.Information, "{Name} is serving")]
    public static partial void Serving(this ILogger logger, string name);

    [LoggerMessage(67, LogLevel.Warning, "{Name} is not serving: {Reason}")]
    public static partial void NotServing(this ILogger logger, string name, string reason);

    [LoggerMessage(64, LogLevel.Debug, "{Method} was accepted about {Subject}")]
    public static partial void CallAccepted(this ILogger logger, string method, string subject);

    [LoggerMessage(63, LogLevel.Error, "{Task} failed by itself, and is tried again: a defect of this service, please report it")]
    public static partial void BackgroundFailed(this ILogger logger, Nodes.BackgroundTask task, Exception exception);

    [LoggerMessage(62, LogLevel.Warning,
        "The newest event is {AheadMs} ms ahead of the clock: it had been ahead, and times of events go back once, to what it says now")]
    public static partial void EventsFromTheFuture(this ILogger logger, long aheadMs);

    /// <summary>The system's clock was set while the service ran.</summary>
    public static void ClockJumped(this ILogger logger, TimeSpan jump, TimeSpan difference) =>
        logger.ClockJumped(Math.Round(jump.TotalSeconds, 3), Math.Round(difference.TotalSeconds, 3));

    [LoggerMessage(61, LogLevel.Warning,
        "The system's clock was set by {JumpSeconds} s and is {DifferenceSeconds} s ahead of the ledger's, which goes on as before: no lease ends by it. The next start takes the system's time")]
    private static partial void ClockJumped(this ILogger logger, double jumpSeconds, double differenceSeconds);
}
