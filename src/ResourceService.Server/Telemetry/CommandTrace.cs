using System.Diagnostics;

namespace ResourceService.Server.Telemetry;

/// <summary>
/// The way of one change below its call's span: waiting for its node, the decision, the commit. There is one only for calls whose trace is
/// recorded, so all others pay for nothing.
///
/// A transaction is shared by many calls. Each of them gets a commit span of its own, with the times of the shared transaction and the number
/// of requests in it: so every trace is complete by itself, also when only one call in a hundred is recorded and the others' are not there to
/// link to. What lies between the decision and the commit is the wait for the transaction before.
/// </summary>
internal sealed class CommandTrace
{
    private readonly ActivityContext _call;
    private DateTimeOffset _since = Now;
    private int _entries;

    private CommandTrace(ActivityContext call) => _call = call;

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <summary>Begins to wait, if the current call's trace is recorded; null otherwise.</summary>
    public static CommandTrace? Begin() =>
        ServiceTracing.Source.HasListeners() && Activity.Current is { IsAllDataRequested: true } call ? new CommandTrace(call.Context) : null;

    /// <summary>The node's worker takes it up.</summary>
    public void Deciding()
    {
        Start("queue wait")?.Dispose();
        _since = Now;
    }

    /// <summary>The rules have answered, and the changes are applied.</summary>
    public void Decided(Ledger.Refusal? refusal)
    {
        using var span = Start("decision");
        if (refusal is not null)
            span?.SetTag("resource_service.refusal", refusal.Kind.ToString());
    }

    /// <summary>Its transaction begins.</summary>
    public void Committing(int entries)
    {
        _entries = entries;
        _since = Now;
    }

    /// <summary>Its transaction ended.</summary>
    public void Committed(bool durable)
    {
        using var span = Start("commit");
        span?.SetTag("resource_service.batch_size", _entries);
        if (!durable)
            span?.SetStatus(ActivityStatusCode.Error, "The commit failed.");
    }

    private Activity? Start(string name) => ServiceTracing.Source.StartActivity(name, ActivityKind.Internal, _call, startTime: _since);
}
