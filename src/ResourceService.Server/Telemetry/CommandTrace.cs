using System.Diagnostics;
using ResourceService.Ledger;
using ResourceService.Ledger.Nodes;

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
    // A batch may be decided on a thousand nodes.
    private const int NodesMax = 16;

    private readonly ActivityContext _call;
    private DateTimeOffset _since = Now;
    private string[] _nodes = [];
    private int _entries;

    private CommandTrace(ActivityContext call) => _call = call;

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <summary>Begins to wait, if the current call's trace is recorded; null otherwise.</summary>
    public static CommandTrace? Begin() =>
        ServiceTracing.Source.HasListeners() && Activity.Current is { IsAllDataRequested: true } call ? new CommandTrace(call.Context) : null;

    /// <summary>The worker of its node, or of all of its nodes, takes it up.</summary>
    public void Deciding(params IEnumerable<NodeId> nodes)
    {
        _nodes = [.. nodes.Take(NodesMax).Select(node => node.Value)];
        Start("queue wait")?.Dispose();
        _since = Now;
    }

    /// <summary>The rules have refused.</summary>
    public void Refused(Refusal refusal, InstanceId? instance = null)
    {
        using var span = Start("decision");
        if (instance is { } wanted)
            span?.SetTag("resource_service.instance.id", wanted.Value);
        span?.SetTag(RpcAttributes.ErrorType, MetricLabels.Of(refusal.Kind));
        span?.SetTag("resource_service.refusal", refusal.Message);
    }

    /// <summary>The rules have accepted, and the changes are applied. Of several, the first claim is told: the call's own span tells all.</summary>
    public void Accepted(IEnumerable<LedgerChange> changes)
    {
        using var span = Start("decision");
        if (changes.Select(change => change.ClaimAfter).FirstOrDefault(claim => claim is not null) is not { } changed)
            return;
        span?.SetTag("resource_service.instance.id", changed.Instance.Id.Value);
        span?.SetTag("resource_service.claim.id", changed.Id.ToString());
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

    private Activity? Start(string name)
    {
        var span = ServiceTracing.Source.StartActivity(name, ActivityKind.Internal, _call, startTime: _since);
        if (_nodes.Length == 1)
            span?.SetTag("resource_service.node.id", _nodes[0]);
        else if (_nodes.Length > 1)
            span?.SetTag("resource_service.node.ids", _nodes);
        return span;
    }
}
