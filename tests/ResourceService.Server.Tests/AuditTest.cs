namespace ResourceService.Server.Tests;

/// <summary>A test of audits: hosts that run what the ledger says, until the test changes the report.</summary>
public abstract class AuditTest(SharedService service) : ServiceTest(service)
{
    /// <summary>Everything the ledger knows of a node, as its host would report it now.</summary>
    protected async Task<AuditNodeRequest> ReportAsync(string nodeId, AuditMode mode = AuditMode.Heal)
    {
        var node = await GetAsync(nodeId);
        var report = new AuditNodeRequest
        {
            NodeId = nodeId,
            Mode = mode,
            ObservedGeneration = node.Generation,
            Scopes = { AuditScope.Inventories, AuditScope.NumaTopology, AuditScope.Devices, AuditScope.Instances },
            Inventories = { node.Inventories },
            NumaTopology = node.NumaTopology,
            Devices = { node.Devices },
            RequestId = Unique.RequestId(),
        };
        foreach (var claim in (await Claims.ListClaimsAsync(new ListClaimsRequest { NodeId = nodeId, PageSize = 1000 })).Claims)
            report.Instances.Add(new ObservedInstance { Instance = claim.Instance, Resources = { claim.Resources } });
        return report;
    }

    protected async Task<Audit> AuditAsync(AuditNodeRequest report) => (await Audits.AuditNodeAsync(report)).Audit;

    /// <summary>A claim that was confirmed: its instance lives.</summary>
    protected async Task<Claim> LivingAsync(string nodeId, long vcpus = 1)
    {
        var claim = await ClaimAsync(nodeId, vcpus);
        return (await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = claim.ClaimId })).Claim;
    }

    /// <summary>An instance that no claim knows.</summary>
    protected static ObservedInstance Stranger(long vcpus = 1, string? instanceId = null) => new()
    {
        Instance = new Instance { InstanceId = instanceId ?? Unique.Id("stranger"), ProjectId = "project-1", VmState = "active" },
        Resources = { ["VCPU"] = vcpus, ["MEMORY_MB"] = 512 },
    };

    protected static IEnumerable<(DriftKind Kind, DriftAction Action)> Summary(Audit audit) =>
        audit.Drifts.Select(drift => (drift.Kind, drift.Action));
}
