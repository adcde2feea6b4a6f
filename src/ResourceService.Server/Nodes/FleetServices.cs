using ResourceService.Ledger;
using ResourceService.Server.Options;
using ResourceService.Server.Telemetry;
using ResourceService.Storage;

namespace ResourceService.Server.Nodes;

/// <summary>What all workers share.</summary>
internal sealed class FleetServices(
    NodeOptions options, LedgerClock clock, InstanceRegistry instances, RequestMemory requests, LeaseClock leases, FleetIndex candidates,
    ServiceMetrics metrics)
{
    private GroupCommitter? _committer;
    private NodeDirectory? _nodes;

    /// <summary>Their bounds.</summary>
    public NodeOptions Options { get; } = options;

    /// <summary>Which instance holds which claim.</summary>
    public InstanceRegistry Instances { get; } = instances;

    /// <summary>Which requests are known.</summary>
    public RequestMemory Requests { get; } = requests;

    /// <summary>What is free where.</summary>
    public FleetIndex Candidates { get; } = candidates;

    /// <summary>Who is woken when.</summary>
    public LeaseClock Leases { get; } = leases;

    /// <summary>What is counted.</summary>
    public ServiceMetrics Metrics { get; } = metrics;

    /// <summary>The one writer. Set once, after the fleet was loaded and before the first command.</summary>
    public GroupCommitter Committer
    {
        get => _committer ?? throw new InvalidOperationException("The fleet is not loaded yet.");
        set => _committer = value;
    }

    /// <summary>Every node. Set once, before the first command.</summary>
    public NodeDirectory Nodes
    {
        get => _nodes ?? throw new InvalidOperationException("The fleet is not loaded yet.");
        set => _nodes = value;
    }

    /// <summary>The moment now, by the only clock.</summary>
    public Instant Now => clock.Now;
}
