namespace ResourceService.Server.Tests.AuditNode;

public sealed class WhenANodeIsAudited(SharedService service) : AuditTest(service)
{
    [Fact]
    public async Task A_host_that_agrees_leaves_everything_as_it_was_and_the_node_says_when()
    {
        var node = await RegisterAsync();
        await LivingAsync(node.NodeId);
        var before = await GetAsync(node.NodeId);
        Assert.Equal("", before.LastAuditId);
        Assert.Null(before.LastAuditTime);

        var audit = await AuditAsync(await ReportAsync(node.NodeId));

        Assert.Empty(audit.Drifts);
        Assert.Equal((0, 0, 1), (audit.DriftCount, audit.HealedDriftCount, audit.InstanceCount));
        Assert.Equal((before.Generation, before.Generation), (audit.ObservedGeneration, audit.NodeGeneration));
        var after = await GetAsync(node.NodeId);
        Assert.Equal((audit.AuditId, audit.AuditTime), (after.LastAuditId, after.LastAuditTime));
        after.LastAuditId = "";
        after.LastAuditTime = null;
        Assert.Equal(before, after);
    }

    [Fact]
    public async Task A_device_written_otherwise_is_the_same_device()
    {
        var request = Requests.Node();
        request.Devices.Add(new Device { Address = "0000:3b:00.0", VendorId = "8086", ProductId = "158b", Type = DeviceType.Pci });
        await Nodes.RegisterNodeAsync(request);
        var claim = Requests.Claim(request.NodeId);
        claim.Resources.Devices.Add(new DeviceRequest { Name = "nic", Alternatives = { new DeviceSpec { ProductId = "158b" } } });
        await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = (await Claims.ClaimInstanceAsync(claim)).Claim.ClaimId });
        var report = await ReportAsync(request.NodeId);
        report.Devices.Clear();
        report.Devices.Add(new Device { Address = "00000000:3B:00.0", VendorId = "8086", ProductId = "158b", Type = DeviceType.Pci });
        report.Instances[0].DeviceAddresses.Add("0000:3B:00.0");

        Assert.Empty((await AuditAsync(report)).Drifts);
    }

    [Fact]
    public async Task What_a_report_does_not_cover_is_not_missing()
    {
        var node = await RegisterAsync();
        var claim = await LivingAsync(node.NodeId);
        var report = await ReportAsync(node.NodeId);
        report.Instances.Clear();
        report.Scopes.Remove(AuditScope.Instances);

        Assert.Empty((await AuditAsync(report)).Drifts);
        Assert.Equal(ClaimState.Active, (await GetClaimAsync(claim.ClaimId)).State);
    }

    [Fact]
    public async Task A_report_finds_every_drift_and_heals_none()
    {
        var (node, report) = await DriftedAsync(AuditMode.Report);
        var before = await GetAsync(node.NodeId);

        var audit = await AuditAsync(report);

        Assert.All(audit.Drifts, drift => Assert.Equal(DriftAction.Reported, drift.Action));
        Assert.Equal((DriftAction.Reported, 0), (audit.Drifts[0].Action, audit.HealedDriftCount));
        Assert.Equal(
            [DriftKind.InventoryChanged, DriftKind.OrphanedClaim, DriftKind.UsageMismatch, DriftKind.UntrackedInstance, DriftKind.MisplacedInstance],
            audit.Drifts.Select(drift => drift.Kind).Distinct());
        Assert.Equal(before.Usage, (await GetAsync(node.NodeId)).Usage);
        Assert.Equal(before.Generation, (await GetAsync(node.NodeId)).Generation);
    }

    [Fact]
    public async Task Healing_makes_the_ledger_what_the_host_runs_with_an_event_for_each_change()
    {
        var (node, report) = await DriftedAsync(AuditMode.Heal);
        var known = (await EventsAsync(node.NodeId)).Count;

        var audit = await AuditAsync(report);

        Assert.Equal(
            [
                (DriftKind.InventoryChanged, DriftAction.InventoryUpdated), (DriftKind.OrphanedClaim, DriftAction.ClaimReleased),
                (DriftKind.UsageMismatch, DriftAction.ClaimCorrected), (DriftKind.UntrackedInstance, DriftAction.InstanceAdopted),
                (DriftKind.MisplacedInstance, DriftAction.Counted),
            ],
            Summary(audit));
        var after = await GetAsync(node.NodeId);
        Assert.Equal((16L, 3L + 2L + 1L), (after.Usage["VCPU"].Capacity, after.Usage["VCPU"].Used));
        var events = (await EventsAsync(node.NodeId)).Skip(known).ToList();
        Assert.Equal(
            [EventKind.NodeUpdated, EventKind.ClaimReleased, EventKind.ClaimCorrected, EventKind.InstanceAdopted, EventKind.InstanceCounted, EventKind.NodeAudited],
            events.Select(item => item.Kind));
        Assert.All(events, item => Assert.Equal((audit.AuditId, report.RequestId), (item.AuditId, item.RequestId)));
        Assert.Equal((1, 3), (events[2].Before.Resources["VCPU"], events[2].After.Resources["VCPU"]));
        Assert.Equal(audit.NodeGeneration, events[^1].NodeGeneration);
        Assert.Equal(0, (await Audits.VerifyLedgerAsync(new VerifyLedgerRequest { NodeId = node.NodeId })).DifferenceCount);
        await Expect.SoundLedgerAsync(Clients);
    }

    [Fact]
    public async Task Healing_ends_a_third_audit_changes_nothing()
    {
        var (node, report) = await DriftedAsync(AuditMode.Heal);
        await AuditAsync(report);
        report.RequestId = "";
        report.ObservedGeneration = (await GetAsync(node.NodeId)).Generation;
        await AuditAsync(report);
        var before = await GetAsync(node.NodeId);

        report.ObservedGeneration = before.Generation;
        var third = await AuditAsync(report);

        Assert.Equal([(DriftKind.MisplacedInstance, DriftAction.Counted)], Summary(third));
        Assert.Equal((before.Generation, before.Usage), ((await GetAsync(node.NodeId)).Generation, (await GetAsync(node.NodeId)).Usage));
    }

    [Fact]
    public async Task An_adopted_instance_is_claimed_for_everybody()
    {
        var (node, other) = (await RegisterAsync(), await RegisterAsync());
        var report = await ReportAsync(node.NodeId);
        report.Instances.Add(Stranger());
        var drift = Assert.Single((await AuditAsync(report)).Drifts);

        var claim = await GetClaimAsync(drift.ClaimId);
        Assert.Equal((ClaimState.Active, "active", drift.InstanceId), (claim.State, claim.Instance.VmState, claim.Instance.InstanceId));
        await Expect.ErrorAsync(
            Claims.ClaimInstanceAsync(Requests.Claim(other.NodeId, drift.InstanceId)), StatusCode.AlreadyExists, "INSTANCE_ALREADY_CLAIMED");
        await Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = drift.InstanceId });
        await ClaimAsync(other.NodeId, instanceId: drift.InstanceId);
    }

    [Fact]
    public async Task An_orphan_that_was_released_can_be_claimed_again()
    {
        var (node, other) = (await RegisterAsync(), await RegisterAsync());
        var claim = await LivingAsync(node.NodeId);
        var report = await ReportAsync(node.NodeId);
        report.Instances.Clear();

        await AuditAsync(report);

        Assert.Equal(ClaimState.Released, (await GetClaimAsync(claim.ClaimId)).State);
        await ClaimAsync(other.NodeId, instanceId: claim.Instance.InstanceId);
    }

    [Fact]
    public async Task A_report_from_before_a_change_undoes_nothing()
    {
        var node = await RegisterAsync();
        var gone = await LivingAsync(node.NodeId);
        var report = await ReportAsync(node.NodeId);
        await Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = gone.Instance.InstanceId });
        var young = await LivingAsync(node.NodeId);

        var audit = await AuditAsync(report);

        Assert.Equal(
            [(DriftKind.OrphanedClaim, DriftAction.SkippedChangedSince), (DriftKind.UntrackedInstance, DriftAction.SkippedChangedSince)], Summary(audit));
        Assert.Equal(ClaimState.Active, (await GetClaimAsync(young.ClaimId)).State);
        Assert.Equal(1, await UsedAsync(node.NodeId));
    }

    [Fact]
    public async Task A_claim_under_lease_is_left_alone()
    {
        var node = await RegisterAsync();
        var claim = await ClaimAsync(node.NodeId);
        var report = await ReportAsync(node.NodeId);
        report.Instances[0].Resources["VCPU"] = 4;

        Assert.Equal([(DriftKind.UsageMismatch, DriftAction.SkippedInFlight)], Summary(await AuditAsync(report)));
        Assert.Equal(claim, await GetClaimAsync(claim.ClaimId));
    }

    [Fact]
    public async Task An_inventory_that_shrank_under_its_use_is_taken_over_and_nobody_is_evicted()
    {
        var node = await RegisterAsync(vcpus: 8);
        await LivingAsync(node.NodeId, vcpus: 6);
        var report = await ReportAsync(node.NodeId);
        report.Inventories["VCPU"].Total = 4;
        report.Inventories["VCPU"].MaxUnit = 4;

        var audit = await AuditAsync(report);

        Assert.Equal(
            [(DriftKind.InventoryChanged, DriftAction.InventoryUpdated), (DriftKind.OverCapacity, DriftAction.Reported)], Summary(audit));
        Assert.Equal(("6", "4", "VCPU"), (audit.Drifts[1].Expected, audit.Drifts[1].Observed, audit.Drifts[1].ResourceClass));
        Assert.Equal(new ClassUsage { Capacity = 4, Used = 6, Free = -2 }, (await GetAsync(node.NodeId)).Usage["VCPU"]);
        await Expect.ErrorAsync(Claims.ClaimInstanceAsync(Requests.Claim(node.NodeId)), StatusCode.ResourceExhausted, "DOES_NOT_FIT");
    }

    [Fact]
    public async Task An_audit_sent_twice_is_made_once()
    {
        var node = await RegisterAsync();
        var report = await ReportAsync(node.NodeId);
        report.Instances.Add(Stranger());

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AuditAsync(report)));

        Assert.Single(answers.Distinct());
        Assert.Single(await EventsAsync(node.NodeId), item => item.Kind == EventKind.NodeAudited);
        Assert.Equal(1, (await GetAsync(node.NodeId)).ClaimCount);
        report.Instances.Clear();
        await Expect.ErrorAsync(Audits.AuditNodeAsync(report), StatusCode.AlreadyExists, "REQUEST_ID_REUSED");
    }

    [Fact]
    public async Task Another_generation_than_expected_is_stale()
    {
        var node = await RegisterAsync();
        var report = await ReportAsync(node.NodeId);
        report.ExpectedGeneration = node.Generation + 1;

        await Expect.ErrorAsync(Audits.AuditNodeAsync(report), StatusCode.Aborted, "STALE_GENERATION");
        Assert.Empty((await GetAsync(node.NodeId)).LastAuditId);
    }

    [Fact]
    public async Task An_unknown_node_is_not_found() => await Expect.ErrorAsync(
        Audits.AuditNodeAsync(new AuditNodeRequest { NodeId = "never-registered", ObservedGeneration = 1 }), StatusCode.NotFound, "NODE_NOT_FOUND");

    // A host with more CPUs, one instance larger than claimed, one gone, one unknown, and one that is claimed elsewhere.
    private async Task<(Node Node, AuditNodeRequest Report)> DriftedAsync(AuditMode mode)
    {
        var (node, elsewhere) = (await RegisterAsync(), await RegisterAsync());
        await LivingAsync(node.NodeId);
        await LivingAsync(node.NodeId, vcpus: 4);
        var misplaced = await LivingAsync(elsewhere.NodeId);
        var report = await ReportAsync(node.NodeId, mode);
        report.Inventories["VCPU"].Total = 16;
        report.Instances[0].Resources["VCPU"] = 3;
        report.Instances.RemoveAt(1);
        report.Instances.Add(Stranger(vcpus: 2));
        report.Instances.Add(new ObservedInstance { Instance = misplaced.Instance, Resources = { misplaced.Resources } });
        return (node, report);
    }
}
