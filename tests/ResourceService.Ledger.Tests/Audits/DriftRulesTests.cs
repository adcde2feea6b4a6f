using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Building;
using Xunit;

namespace ResourceService.Ledger.Tests.Audits;

/// <summary>
/// The table of drifts: what is wrong, and what a healing audit does about it; one that only reports finds the same and does nothing. Rows of one
/// kind stand together: the plain case, then each situation in which healing would not be safe.
/// </summary>
public class DriftRulesTests
{
    private const string Function = "0000:af:00.0";
    private const string Child = "0000:af:02.1";

    private static readonly Instant _afterLease = Sample.LeaseEnd.Add(TimeSpan.FromSeconds(1));

    private static readonly Dictionary<string, (Func<AuditedHost, ObservedNode> Arrange, string Healed)> _rows = new(DeviceRows.All, StringComparer.Ordinal)
    {
        ["nothing"] = (host => host.Picture(), ""),

        ["inventory: more"] = (host => host.Picture() with { Inventories = Inventories(32) }, "InventoryChanged InventoryUpdated"),
        ["inventory: less than used"] = (
            host => Picture(host, claims: 8) with { Inventories = Inventories(4) }, "InventoryChanged InventoryUpdated, OverCapacity Reported"),
        ["inventory: a class in use is gone"] = (
            host => Picture(host, claims: 1) with { Inventories = WithoutVcpus }, "InventoryChanged InventoryUpdated, OverCapacity Reported"),
        ["inventory: a class not in use is gone"] = (host => host.Picture() with { Inventories = WithoutVcpus }, "InventoryChanged InventoryUpdated"),
        ["inventory: a class is missing from a partial report"] = (
            host => host.Picture() with { Scopes = AuditScopes.Instances, Inventories = WithoutVcpus }, ""),
        ["inventory: registered since"] = (
            host => RegisterSince(host, host.Picture()) with { Inventories = Inventories(32) }, "InventoryChanged SkippedChangedSince"),
        ["topology: a cell is gone"] = (
            host => host.Picture() with { Numa = new NumaTopology([AuditedHost.Cell(0, 0)]) }, "InventoryChanged InventoryUpdated"),
        ["topology: gone"] = (host => host.Picture() with { Numa = null }, "InventoryChanged InventoryUpdated"),
        ["topology: one cell of a partial report"] = (
            host => host.Picture() with { Scopes = AuditScopes.Instances, Numa = new NumaTopology([AuditedHost.Cell(1, 8)]) }, ""),
        ["topology: a part that takes a CPU of a cell that is not told"] = (
            host => host.Picture() with { Scopes = AuditScopes.Instances, Numa = new NumaTopology([AuditedHost.Cell(2, 8)]) }, "InventoryChanged Reported"),
        ["topology: not told"] = (host => host.Picture() with { Scopes = AuditScopes.Instances, Numa = null }, ""),
        ["device: new"] = (
            host => host.Picture() with { Devices = [.. host.View.Spec.Devices, AuditedHost.Device("0000:af:00.0")] }, "InventoryChanged InventoryUpdated"),
        ["device: another one"] = (
            host => host.Picture() with { Devices = [AuditedHost.Device(AuditedHost.Nic) with { NumaCell = 1 }, AuditedHost.Device(AuditedHost.Gpu)] },
            "InventoryChanged InventoryUpdated"),
        ["device: in another order"] = (
            host => host.Picture() with { Devices = [AuditedHost.Device(AuditedHost.Gpu), AuditedHost.Device(AuditedHost.Nic)] },
            ""),
        ["device: gone"] = (host => host.Picture() with { Devices = [AuditedHost.Device(AuditedHost.Nic)] }, "InventoryChanged InventoryUpdated"),

        ["over capacity: owned CPUs are gone"] = (
            host => Picture(host, cells: AuditedHost.Pinned(1, 12)) with { Numa = new NumaTopology([AuditedHost.Cell(0, 0), AuditedHost.Cell(1, 16)]) },
            "InventoryChanged InventoryUpdated, OverCapacity Reported"),
        ["over capacity: an owned cell is gone"] = (
            host => Picture(host, cells: AuditedHost.Pinned(1, 12)) with { Numa = new NumaTopology([AuditedHost.Cell(0, 0)]) },
            "InventoryChanged InventoryUpdated, OverCapacity Reported"),
        ["over capacity: pages"] = (
            host => Picture(host, cells: AuditedHost.Pinned(0, 4)) with
            {
                Numa = new NumaTopology([AuditedHost.Cell(0, 0) with { PagePools = [new PagePool(2_048, 255, 0)] }, AuditedHost.Cell(1, 8)]),
            },
            "InventoryChanged InventoryUpdated, OverCapacity Reported"),

        ["orphan: active"] = (host => Gone(host, host.Claim("vm")), "OrphanedClaim ClaimReleased"),
        ["orphan: held"] = (host => Gone(host, host.Claim("vm", active: false)), ""),
        ["orphan: a move's target"] = (host => Gone(host, host.Claim("vm", active: false, role: ClaimRole.MoveTarget)), ""),
        ["orphan: moving away"] = (host => MovingAway(host, Gone(host, host.Claim("vm"))), "OrphanedClaim SkippedInFlight"),
        ["orphan: claimed since"] = (host => Older(Gone(host, host.Claim("vm"))), "OrphanedClaim SkippedChangedSince"),
        ["orphan: instances not covered"] = (host => Gone(host, host.Claim("vm")) with { Scopes = AuditScopes.Inventories, Inventories = Inventories(16) }, ""),

        ["untracked: fits"] = (host => With(host.Picture(), AuditedHost.Stranger("vm")), "UntrackedInstance InstanceAdopted"),
        ["untracked: in place of an orphan"] = (
            host => With(Gone(host, host.Claim("vm", 16)), AuditedHost.Stranger("stranger", 16)),
            "OrphanedClaim ClaimReleased, UntrackedInstance InstanceAdopted"),
        ["untracked: with CPUs and a device"] = (
            host => With(host.Picture(), AuditedHost.Stranger("vm") with { Cells = Seen(0, 4, 5), DeviceAddresses = [AuditedHost.Nic] }),
            "UntrackedInstance InstanceAdopted"),
        ["untracked: too large"] = (host => With(host.Picture(), AuditedHost.Stranger("vm", 17)), "UntrackedInstance Counted, OverCapacity Reported"),
        ["untracked: on CPUs of another"] = (
            host => With(Picture(host, cells: AuditedHost.Pinned(0, 4)), AuditedHost.Stranger("vm") with { Cells = Seen(0, 4) }),
            "UntrackedInstance Counted"),
        ["untracked: on a shared CPU"] = (
            host => With(host.Picture(), AuditedHost.Stranger("vm") with { Cells = Seen(0, 0) }), "UntrackedInstance Counted"),
        ["untracked: with a device of another"] = (
            host => With(Picture(host, devices: [AuditedHost.Nic]), AuditedHost.Stranger("vm") with { DeviceAddresses = [AuditedHost.Nic] }),
            "UntrackedInstance Counted"),
        ["untracked: with a function and its child"] = (
            host => With(WithFamily(host.Picture()), AuditedHost.Stranger("vm") with { DeviceAddresses = [Child, Function] }),
            "InventoryChanged InventoryUpdated, InventoryChanged InventoryUpdated, UntrackedInstance Counted"),
        ["untracked: with a child of an owned function"] = (
            host => With(WithFamily(Picture(host, devices: [Function])), AuditedHost.Stranger("vm") with { DeviceAddresses = [Child] }),
            "InventoryChanged InventoryUpdated, InventoryChanged InventoryUpdated, UntrackedInstance Counted"),
        ["untracked: with the function of an owned child"] = (
            host => With(WithFamily(Picture(host, devices: [Child])), AuditedHost.Stranger("vm") with { DeviceAddresses = [Function] }),
            "InventoryChanged InventoryUpdated, InventoryChanged InventoryUpdated, UntrackedInstance Counted"),
        ["untracked: amounts not told"] = (
            host => With(host.Picture(), AuditedHost.Stranger("vm") with { Amounts = ResourceAmounts.Empty }), "UntrackedInstance Reported"),
        ["untracked: a claim has ended since"] = (host => EndedSince(host), "UntrackedInstance SkippedChangedSince"),
        ["untracked: its claim's end is not durable yet"] = (
            host => Elsewhere(host, "vm", new HeldClaims(new ClaimId(1, 99), null)), "UntrackedInstance SkippedChangedSince"),

        ["misplaced: claimed elsewhere"] = (host => Elsewhere(host, "vm", new HeldClaims(new ClaimId(2, 99), null)), "MisplacedInstance Counted"),
        ["misplaced: moving elsewhere"] = (host => Elsewhere(host, "vm", new HeldClaims(null, new ClaimId(2, 99))), "MisplacedInstance Counted"),
        ["misplaced: a claim has ended since"] = (
            host => EndedSince(host, new HeldClaims(new ClaimId(2, 99), null)), "MisplacedInstance SkippedChangedSince"),

        ["usage: more"] = (host => Resized(host, 2, host.Claim("vm")), "UsageMismatch ClaimCorrected"),
        ["usage: less, on a full node"] = (host => Resized(host, 2, Claims(host, 16)[0]), "UsageMismatch ClaimCorrected"),
        ["usage: more than is free"] = (host => Resized(host, 2, Claims(host, 1, 15)[0]), "UsageMismatch SkippedDoesNotFit, OverCapacity Reported"),
        ["usage: one grows into what another frees"] = (host => Exchanged(host, 15, 1), "UsageMismatch ClaimCorrected, UsageMismatch ClaimCorrected"),
        ["usage: not told"] = (
            host => Changed(Picture(host, claims: 1), 0, seen => seen with { Amounts = ResourceAmounts.Empty }), ""),
        ["usage: of a class that the node lacks"] = (
            host => Changed(Picture(host, claims: 1), 0, seen => seen with
            {
                Amounts = Sample.Amounts((ResourceClass.Vcpu, 1), (ResourceClass.MemoryMb, 512), (ResourceClass.DiskGb, 1)),
            }),
            "UsageMismatch SkippedDoesNotFit"),
        ["usage: of a class that the node lacks, and of one that fits"] = (
            host => Changed(Picture(host, claims: 1), 0, seen => seen with
            {
                Amounts = Sample.Amounts((ResourceClass.Vcpu, 4), (ResourceClass.MemoryMb, 512), (ResourceClass.DiskGb, 1)),
            }),
            "UsageMismatch SkippedDoesNotFit, UsageMismatch ClaimCorrected"),
        ["usage: held"] = (host => Resized(host, 2, host.Claim("vm", active: false)), "UsageMismatch SkippedInFlight"),
        ["usage: moving away"] = (host => MovingAway(host, Resized(host, 2, host.Claim("vm"))), "UsageMismatch SkippedInFlight"),
        ["usage: claimed since"] = (host => Older(Resized(host, 2, host.Claim("vm"))), "UsageMismatch SkippedChangedSince"),
        ["usage: as the other side of a resize in place"] = (
            host => Resized(host, 2, host.Claim("vm"), target: host.Claim("vm", 2, active: false, role: ClaimRole.MoveTarget)), ""),
        ["usage: as no side of a resize in place"] = (
            host => Resized(host, 3, host.Claim("vm"), target: host.Claim("vm", 2, active: false, role: ClaimRole.MoveTarget)),
            "UsageMismatch SkippedInFlight"),
        ["usage: another state"] = (
            host => Changed(Picture(host, claims: 1), 0, seen => seen with { Instance = seen.Instance with { VmState = "paused" } }),
            "UsageMismatch ClaimCorrected"),
        ["usage: a state while it is built"] = (
            host => Changed(Held(host), 0, seen => seen with { Instance = seen.Instance with { VmState = "active" } }), ""),
        ["usage: a device more"] = (
            host => Changed(Picture(host, claims: 1), 0, seen => seen with { DeviceAddresses = [AuditedHost.Nic] }), "UsageMismatch ClaimCorrected"),
        ["usage: a device of another"] = (
            host => Changed(Both(Picture(host, claims: 1), host.Claim("owner", devices: [AuditedHost.Nic])), 0, seen => seen with
            {
                DeviceAddresses = [AuditedHost.Nic],
            }),
            "UsageMismatch SkippedDoesNotFit"),
        ["usage: a function and its child more"] = (
            host => Changed(WithFamily(Picture(host, claims: 1)), 0, seen => seen with { DeviceAddresses = [Function, Child] }),
            "InventoryChanged InventoryUpdated, InventoryChanged InventoryUpdated, UsageMismatch SkippedDoesNotFit, UsageMismatch SkippedDoesNotFit"),
        ["usage: a child of an owned function more"] = (
            host => Changed(WithFamily(Picture(host, devices: [Function])), 0, seen => seen with { DeviceAddresses = [Function, Child] }),
            "InventoryChanged InventoryUpdated, InventoryChanged InventoryUpdated, UsageMismatch SkippedDoesNotFit"),

        ["pinning: other CPUs"] = (host => Moved(host, Seen(0, 6, 7)), "PinningMismatch ClaimCorrected"),
        ["pinning: another cell"] = (host => Moved(host, Seen(1, 12, 13)), "PinningMismatch ClaimCorrected"),
        ["pinning: CPUs of another"] = (
            host => Both(Moved(host, Seen(0, 6, 7)), host.Claim("owner", cells: AuditedHost.Pinned(0, 7))), "PinningMismatch SkippedDoesNotFit"),
        ["pinning: CPUs that the host lacks"] = (host => Moved(host, Seen(0, 20, 21)), "PinningMismatch SkippedDoesNotFit"),
        ["pinning: a cell that the host lacks"] = (host => Moved(host, Seen(7, 4, 5)), "PinningMismatch SkippedDoesNotFit"),
        ["pinning: other pages"] = (
            host => Moved(host, [Seen(0, 4, 5)[0] with { PageSizeKb = 4 }]), "PinningMismatch SkippedDoesNotFit"),
        ["pinning: exchanged with another"] = (host => Swapped(host), "PinningMismatch ClaimCorrected, PinningMismatch ClaimCorrected"),
        ["pinning: not told"] = (host => Moved(host, []), ""),
        ["pinning: pages and memory not told"] = (
            host => Moved(host, [Seen(0, 4, 5)[0] with { PageSizeKb = 0, MemoryMb = 0 }]), ""),
        ["pinning: an instance that floats, and a claim without cells"] = (
            host => Changed(Picture(host, claims: 1), 0, seen => seen with { Cells = [Seen(0)[0] with { SharedVcpus = CpuSet.From([0]) }] }), ""),
        ["pinning: pinned, and a claim without cells"] = (
            host => Changed(Picture(host, claims: 1), 0, seen => seen with { Cells = Seen(0, 4) }), "PinningMismatch ClaimCorrected"),
        ["pinning: claimed since"] = (host => Older(Moved(host, Seen(0, 6, 7))), "PinningMismatch SkippedChangedSince"),
        ["pinning: moving away"] = (host => MovingAway(host, Moved(host, Seen(0, 6, 7))), "PinningMismatch SkippedInFlight"),

        ["lease: of a claim, on the host"] = (host => Held(host), "ExpiredLease ClaimReleased, UntrackedInstance SkippedChangedSince"),
        ["lease: of a claim, not on the host"] = (host => Gone(host, host.Claim("vm", active: false)), "ExpiredLease ClaimReleased"),
    };

    // Rows in which time has passed: audited right after the leases have ended.
    private static Instant NowOf(string row) => row.StartsWith("lease", StringComparison.Ordinal) ? _afterLease : Sample.Now;

    public static TheoryData<string> Rows => [.. _rows.Keys];

    [Theory]
    [MemberData(nameof(Rows))]
    public void Healing_corrects_what_is_safe_and_says_so(string row)
    {
        var host = new AuditedHost();
        var picture = _rows[row].Arrange(host);

        var audit = host.Heal(picture, NowOf(row));

        Assert.Equal(_rows[row].Healed, AuditedHost.Summary(audit));
        Assert.All(audit.Drifts, drift => Assert.False(
            string.IsNullOrEmpty(drift.Expected) && string.IsNullOrEmpty(drift.Observed) || string.IsNullOrEmpty(drift.Detail), drift.ToString()));
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Reporting_finds_the_same_and_changes_nothing(string row)
    {
        var host = new AuditedHost();
        var picture = _rows[row].Arrange(host);
        var before = host.View;

        var audit = host.Report(picture, NowOf(row));

        Assert.All(audit.Drifts, drift => Assert.Equal(DriftAction.Reported, drift.Action));
        Assert.Equal(0, audit.HealedCount);
        NodeViewAssert.Equal(before with { LastAudit = host.View.LastAudit, LastAuditTime = host.View.LastAuditTime }, host.View);
        // What is over is told against the host's inventory, and a lease that ends frees its instance only when it is ended.
        Assert.Subset(
            _rows[row].Healed.Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(drift => drift.Split(' ')[0]).ToHashSet(),
            audit.Drifts.Select(drift => drift.Kind.ToString()).ToHashSet());
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_second_audit_leaves_nothing_that_can_be_healed_and_a_third_changes_nothing(string row)
    {
        var host = new AuditedHost();
        var first = _rows[row].Arrange(host);
        host.Heal(first, NowOf(row));
        var second = first with { Generation = host.View.Generation };
        host.Heal(second, NowOf(row));

        var before = host.View;
        var third = host.Heal(second with { Generation = host.View.Generation }, NowOf(row));

        Assert.Equal(0, third.HealedCount);
        NodeViewAssert.Equal(before with { LastAudit = host.View.LastAudit, LastAuditTime = host.View.LastAuditTime }, host.View);
    }

    [Fact]
    public void An_instance_whose_move_here_has_just_ended_is_adopted_by_the_next_audit()
    {
        var (source, host) = (DrivenNode.Registered(nodeKey: 2), new AuditedHost());
        var move = new DrivenMove(source, host.Node).Start(MigrationType.Evacuation);
        // The source is gone, and the registry knows of the target until the end of the move is durable.
        host.Elsewhere["mover"] = new HeldClaims(null, move.TargetId);
        var picture = With(host.Picture(), AuditedHost.Stranger("mover"));

        Assert.Equal(
            "ExpiredLease MigrationEnded, UntrackedInstance SkippedChangedSince", AuditedHost.Summary(host.Heal(picture, _afterLease)));
        host.Elsewhere.Clear();
        Assert.Equal(
            "UntrackedInstance InstanceAdopted", AuditedHost.Summary(host.Heal(picture with { Generation = host.View.Generation }, _afterLease)));
    }

    [Fact]
    public void A_move_without_progress_is_reported_and_left_alone()
    {
        var (source, host) = (DrivenNode.Registered(nodeKey: 2), new AuditedHost());
        var move = new DrivenMove(source, host.Node).Start();
        move.Update(MigrationStep.Finish);
        host.Elsewhere["mover"] = new HeldClaims(move.SourceId, move.TargetId);

        Assert.Empty(host.Heal(host.Picture()).Drifts);
        var drift = Assert.Single(host.Heal(host.Picture(), Sample.Now.Add(TimeSpan.FromHours(2))).Drifts);

        Assert.Equal((DriftKind.StaleMigration, DriftAction.Reported, move.Id), (drift.Kind, drift.Action, drift.Migration));
        Assert.NotNull(move.InFlight);
    }

    [Fact]
    public void A_move_whose_lease_has_ended_is_ended()
    {
        var (source, host) = (DrivenNode.Registered(nodeKey: 2), new AuditedHost());
        var move = new DrivenMove(source, host.Node).Start();
        host.Elsewhere["mover"] = new HeldClaims(move.SourceId, move.TargetId);

        var drift = Assert.Single(host.Heal(host.Picture(), _afterLease).Drifts);

        Assert.Equal((DriftKind.ExpiredLease, DriftAction.MigrationEnded, move.Id), (drift.Kind, drift.Action, drift.Migration));
        Assert.Null(move.InFlight);
        Assert.NotNull(move.SourceClaim);
    }

    [Fact]
    public void An_adopted_instance_holds_what_the_host_gives_it()
    {
        var host = new AuditedHost();
        var seen = AuditedHost.Stranger("vm", 3) with { Cells = Seen(0, 4, 5), DeviceAddresses = [AuditedHost.Gpu] };
        host.Heal(With(host.Picture(), seen));

        var claim = Assert.Single(host.View.Claims.Values);
        Assert.Equal(ClaimState.Active, claim.State);
        Assert.Equal(seen.Instance, claim.Instance);
        Assert.Equal(seen.Amounts, claim.Amounts);
        Assert.Equal(CpuSet.From([4, 5]), claim.Assignment.Cells[0].OwnedCpus());
        Assert.Equal(AuditedHost.Gpu, Assert.Single(claim.Assignment.Devices).Address);
        Assert.Equal([0, claim.Id.Sequence], host.View.DeviceUsage.Owners.ToArray());
    }

    [Fact]
    public void A_corrected_claim_keeps_what_the_host_did_not_contradict()
    {
        var host = new AuditedHost();
        var claim = host.Claim("vm", cells: AuditedHost.Pinned(0, 4), devices: [AuditedHost.Nic]);
        host.Heal(Changed(host.Picture(), 0, seen => seen with { Cells = [Seen(0, 6)[0] with { PageSizeKb = 0, MemoryMb = 0 }], Amounts = Sample.Amounts(2, 512) }));

        var corrected = host.Get(claim);
        Assert.Equal(2, corrected.Amounts.Of(ResourceClass.Vcpu));
        Assert.Equal(AuditedHost.Pinned(0, 6), corrected.Assignment.Cells);
        Assert.Equal(claim.Assignment.Devices, corrected.Assignment.Devices);
        Assert.Equal(claim.State, corrected.State);
    }

    [Fact]
    public void CPUs_kept_idle_beside_an_isolated_one_move_with_it()
    {
        var cell = AuditedHost.Cell(0, 0) with { ThreadSiblings = [CpuSet.From([4, 5]), CpuSet.From([6, 7])] };
        var host = new AuditedHost(AuditedHost.Spec() with { Numa = new NumaTopology([cell]) });
        var isolated = new NumaRequest(
            [new NumaCellRequest(CpuSet.Empty, CpuSet.From([0]), 512, PageSizePolicy.None, 0)], CpuPolicy.Dedicated, CpuThreadPolicy.Isolate,
            EmulatorThreadsPolicy.WithVcpus, false);
        var claim = host.Claim("vm", cells: [AuditedHost.Pinned(0, 4)[0] with { IdleCpus = CpuSet.From([5]) }]);
        host.Node.Apply(Decision.Accept(new ClaimChanged(
            ChangeKind.ClaimCorrected, Sample.Now, claim, claim with { Request = claim.Request with { Numa = isolated }, Generation = host.View.Generation + 1 }, "")));
        host.Heal(Changed(host.Picture(), 0, seen => seen with { Cells = Seen(0, 6) }));

        Assert.Equal(CpuSet.From([6, 7]), host.Get(claim).Assignment.Cells[0].OwnedCpus());
    }

    [Fact]
    public void A_report_from_before_a_release_brings_nothing_back()
    {
        var host = new AuditedHost();
        var claim = host.Claim("vm");
        var picture = host.Picture();
        host.Node.Release(claim);

        host.Heal(picture);

        Assert.Empty(host.View.Claims);
    }

    [Theory]
    [InlineData("no such node", RefusalKind.NodeNotFound)]
    [InlineData("another generation expected", RefusalKind.StaleGeneration)]
    [InlineData("a picture from the future", RefusalKind.StaleGeneration)]
    public void An_audit_is_refused(string row, RefusalKind expected)
    {
        var host = new AuditedHost();
        var picture = host.Picture();
        if (row == "no such node")
            host.Node.Decide(view => NodeRules.Delete(view, false, "", null, Sample.Now));
        var future = row == "a picture from the future" ? picture with { Generation = 99 } : picture;

        Assert.Equal(expected, host.Decide(future, AuditMode.Heal, row == "another generation expected" ? 99 : null).Refusal?.Kind);
    }

    private static InventoryTable WithoutVcpus =>
        Sample.Spec("n", (ResourceClass.MemoryMb, Sample.Inventory(16_384))).Inventories;

    private static InventoryTable Inventories(long vcpus) =>
        Sample.Spec("n", (ResourceClass.Vcpu, Sample.Inventory(vcpus)), (ResourceClass.MemoryMb, Sample.Inventory(16_384))).Inventories;

    private static ObservedNode WithFamily(ObservedNode picture) => picture with
    {
        Devices =
        [
            .. picture.Devices,
            AuditedHost.Device(Function) with { Type = DeviceType.PhysicalFunction },
            AuditedHost.Device(Child) with { Type = DeviceType.VirtualFunction, ParentAddress = Function },
        ],
    };

    private static List<Claim> Claims(AuditedHost host, params long[] vcpus) => [.. vcpus.Select((count, i) => host.Claim($"vm-{i}", count))];

    internal static ObservedNode Picture(
        AuditedHost host, int claims = 1, ValueList<CellAssignment>? cells = null, ValueList<string>? devices = null)
    {
        for (var i = 0; i < claims; i++)
            host.Claim($"vm-{i}", cells: cells, devices: devices);
        return host.Picture();
    }

    internal static ObservedNode Held(AuditedHost host, ValueList<string>? devices = null)
    {
        host.Claim("vm", active: false, devices: devices);
        return host.Picture();
    }

    internal static ObservedNode Older(ObservedNode picture) => picture with { Generation = picture.Generation - 1 };

    private static ObservedNode With(ObservedNode picture, ObservedInstance instance) => picture with { Instances = [.. picture.Instances, instance] };

    // A picture that shows one more claim as it is.
    private static ObservedNode Both(ObservedNode picture, Claim claim) =>
        With(picture, AuditedHost.Observe(claim)) with { Generation = claim.Generation };

    internal static ObservedNode Changed(ObservedNode picture, int place, Func<ObservedInstance, ObservedInstance> change)
    {
        var instances = picture.Instances.ToArray();
        instances[place] = change(instances[place]);
        return picture with { Instances = ValueList.From(instances) };
    }

    private static ObservedNode Gone(AuditedHost host, Claim claim)
    {
        var picture = host.Picture();
        return picture with { Instances = ValueList.From(picture.Instances.Where(seen => seen.Instance != claim.Instance)) };
    }

    internal static ObservedNode MovingAway(AuditedHost host, ObservedNode picture)
    {
        var claim = host.View.Claims.Values.Last();
        host.Elsewhere[claim.Instance.Id.Value] = new HeldClaims(claim.Id, new ClaimId(2, 99));
        return picture;
    }

    private static ObservedNode Elsewhere(AuditedHost host, string instance, HeldClaims held)
    {
        host.Elsewhere[instance] = held;
        return With(host.Picture(), AuditedHost.Stranger(instance));
    }

    private static ObservedNode EndedSince(AuditedHost host, HeldClaims held = default)
    {
        var claim = host.Claim("vm");
        var picture = host.Picture();
        host.Node.Release(claim);
        host.Elsewhere["vm"] = held;
        return picture;
    }

    private static ObservedNode RegisterSince(AuditedHost host, ObservedNode picture)
    {
        host.Node.Decide(view => NodeRules.Register(view, view.Spec with { Traits = ["NEW"] }, null, Sample.Now));
        return picture;
    }

    private static ObservedNode Resized(AuditedHost host, long vcpus, Claim claim, Claim? target = null)
    {
        if (target is not null)
            host.Elsewhere[claim.Instance.Id.Value] = new HeldClaims(claim.Id, target.Id);
        return Changed(host.Picture(), 0, seen => seen with { Amounts = Sample.Amounts(vcpus, 512) });
    }

    private static ObservedNode Exchanged(AuditedHost host, long large, long small)
    {
        Claims(host, small, large);
        var picture = Changed(host.Picture(), 0, seen => seen with { Amounts = Sample.Amounts(large, 512) });
        return Changed(picture, 1, seen => seen with { Amounts = Sample.Amounts(small, 512) });
    }

    private static ObservedNode Moved(AuditedHost host, ValueList<ObservedCell> cells)
    {
        host.Claim("vm", cells: AuditedHost.Pinned(0, 4, 5));
        return Changed(host.Picture(), 0, seen => seen with { Cells = cells });
    }

    private static ObservedNode Swapped(AuditedHost host)
    {
        host.Claim("vm-0", cells: AuditedHost.Pinned(0, 4, 5));
        host.Claim("vm-1", cells: AuditedHost.Pinned(0, 6, 7));
        var picture = Changed(host.Picture(), 0, seen => seen with { Cells = Seen(0, 6, 7) });
        return Changed(picture, 1, seen => seen with { Cells = Seen(0, 4, 5) });
    }

    private static ValueList<ObservedCell> Seen(int cell, params int[] cpus) =>
        [new ObservedCell(cell, 2_048, ValueList.From(cpus.Select((cpu, guest) => new PinnedCpu(guest, cpu))), CpuSet.Empty, CpuSet.Empty, 512)];
}
