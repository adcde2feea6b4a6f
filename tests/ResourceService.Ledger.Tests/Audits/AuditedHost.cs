using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Audits;

/// <summary>
/// A node and its host. The host runs what the ledger says until a test changes the picture; an audit is decided and applied as the node's worker
/// does it, and after each the node's equations hold.
/// </summary>
internal sealed class AuditedHost
{
    public const string Nic = "0000:3b:00.0";
    public const string Gpu = "0000:5e:00.0";

    private long _lastSequence = 100;
    private long _lastAudit;

    public AuditedHost(NodeSpec? spec = null) => Node = DrivenNode.Registered(spec ?? Spec());

    public DrivenNode Node { get; }

    public NodeView View => Node.View;

    /// <summary>How many orphaned claims one report ends.</summary>
    public OrphanBounds Orphans { get; set; } = new(Confirmed: 0, UnconfirmedMax: 2, UnconfirmedPercent: 25);

    /// <summary>What instances hold beside what they hold here.</summary>
    public Dictionary<string, HeldClaims> Elsewhere { get; } = new(StringComparer.Ordinal);

    /// <summary>16 VCPU, 16384 MEMORY_MB, two cells with four dedicated CPUs and pages of 2 MiB each, two devices.</summary>
    public static NodeSpec Spec() => Sample.Spec(
        Sample.NodeName, (ResourceClass.Vcpu, Sample.Inventory(16)), (ResourceClass.MemoryMb, Sample.Inventory(16_384))) with
    {
        Numa = new NumaTopology([Cell(0, 0), Cell(1, 8)]),
        Devices = [Device(Nic), Device(Gpu)],
    };

    public static NumaCell Cell(int id, int firstCpu) => new(
        id, null, CpuSet.From(Enumerable.Range(firstCpu, 4)), CpuSet.From(Enumerable.Range(firstCpu + 4, 4)), [], 8_192, [new PagePool(2_048, 4_096, 0)]);

    public static Device Device(string address) => new(address, "8086", "158b", DeviceType.Pci, null, null, []);

    /// <summary>A claim with whatever it owns.</summary>
    public Claim Claim(
        string instance, long vcpus = 1, bool active = true, ValueList<CellAssignment>? cells = null, ValueList<string>? devices = null,
        ClaimRole role = ClaimRole.Primary, Instant? leaseEnd = null, long memoryMb = 512)
    {
        var id = new ClaimId(View.NodeKey, ++_lastSequence);
        var claim = Sample.HeldClaim(id, Sample.Instance(instance), Sample.Amounts(vcpus, memoryMb)) with
        {
            State = active ? ClaimState.Active : ClaimState.Held,
            LeaseEnd = active ? null : leaseEnd ?? Sample.LeaseEnd,
            Role = role,
            Assignment = new Assignment(cells ?? [], ValueList.From((devices ?? []).Select(address => new AssignedDevice("nic", address)))),
            Generation = View.Generation + 1,
        };
        Node.Apply(Decision.Accept(new ClaimChanged(ChangeKind.InstanceClaimed, Sample.Now, null, claim, "")));
        return claim;
    }

    /// <summary>A cell whose guest CPUs 0, 1, ... are pinned.</summary>
    public static ValueList<CellAssignment> Pinned(int cell, params int[] cpus) =>
    [
        new CellAssignment(
            cell, 2_048, 2_048, ValueList.From(cpus.Select((cpu, guest) => new PinnedCpu(guest, cpu))), CpuSet.Empty, CpuSet.Empty, CpuSet.Empty, 512),
    ];

    public Claim Get(Claim claim) => View.Claims[claim.Id.Sequence];

    /// <summary>The host as the ledger has it.</summary>
    public ObservedNode Picture() => new(
        View.Generation,
        Sample.Now,
        AuditScopes.Instances | AuditScopes.Inventories | AuditScopes.NumaTopology | AuditScopes.Devices,
        View.Spec.Inventories,
        View.Spec.Numa,
        View.Spec.Devices,
        ValueList.From(View.Claims.Values.Where(claim => claim.Role == ClaimRole.Primary).Select(Observe)));

    /// <summary>An instance as a claim has it.</summary>
    public static ObservedInstance Observe(Claim claim) => new(
        claim.Instance,
        claim.Amounts,
        ValueList.From(claim.Assignment.Cells.Select(cell => new ObservedCell(
            cell.HostCellId, cell.PageSizeKb, cell.Pinning, cell.EmulatorCpus, cell.SharedVcpus, cell.MemoryMb))),
        ValueList.From(claim.Assignment.Devices.Select(device => device.Address)));

    /// <summary>An instance that no claim knows.</summary>
    public static ObservedInstance Stranger(string instance, long vcpus = 1) => new(Sample.Instance(instance), Sample.Amounts(vcpus, 512), [], []);

    public Audit Heal(ObservedNode picture, Instant? now = null) => Audit(picture, AuditMode.Heal, now);

    public Audit Report(ObservedNode picture, Instant? now = null) => Audit(picture, AuditMode.Report, now);

    public Audit Audit(ObservedNode picture, AuditMode mode, Instant? now = null)
    {
        var before = View;
        var decision = Decide(picture, mode, now: now);
        Assert.Null(decision.Refusal);
        Node.Apply(decision);
        var audit = Assert.IsType<NodeAudited>(decision.Changes[^1]).Audit;

        Assert.Equal(View.Generation, audit.NodeGeneration);
        Assert.Equal(before.Generation + decision.Changes.Count - 1, View.Generation);
        Assert.Equal(audit.Drifts.Count(drift => drift.IsHealed), audit.HealedCount);
        Assert.True(mode == AuditMode.Heal || decision.Changes.Count == 1, "A report changes nothing.");
        AssertEquations();
        return audit;
    }

    public Decision Decide(ObservedNode picture, AuditMode mode, long? expectedGeneration = null, Instant? now = null) => DriftRules.Audit(
        View,
        picture,
        new AuditOrder(
            new AuditId(View.NodeKey, ++_lastAudit), mode, "agent", expectedGeneration, now ?? Sample.Now, (now ?? Sample.Now).Add(-TimeSpan.FromHours(1)),
            Orphans,
            instance => Elsewhere.TryGetValue(instance.Value, out var held) ? held : HeldHere(instance),
            () => new ClaimId(View.NodeKey, ++_lastSequence)));

    /// <summary>Kind and action of each drift, in order.</summary>
    public static string Summary(Audit audit) => string.Join(", ", audit.Drifts.Select(drift => $"{drift.Kind} {drift.Action}"));

    private HeldClaims HeldHere(InstanceId instance)
    {
        var held = View.Claims.Values.Where(claim => claim.Instance.Id == instance && claim.Role != ClaimRole.Observed).ToLookup(claim => claim.Role, claim => (ClaimId?)claim.Id);
        return new HeldClaims(held[ClaimRole.Primary].SingleOrDefault(), held[ClaimRole.MoveTarget].SingleOrDefault());
    }

    private void AssertEquations()
    {
        Assert.Empty(LedgerInvariants.Verify(View));
        Assert.Equal(LedgerInvariants.SumNuma(View.Spec, View.Claims.Values), View.NumaUsage);
        Assert.Equal(DeviceUsage.Of(View.Spec.Devices, View.Claims.Values).Owners.ToArray(), View.DeviceUsage.Owners.ToArray());
    }
}
