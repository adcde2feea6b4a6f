namespace ResourceService.Server.Tests.AuditNode;

/// <summary>What runs and fits nowhere, or is claimed elsewhere, keeps others away, in all that callers see.</summary>
public sealed class WhenAnInstanceCannotBeAdopted(SharedService service) : AuditTest(service)
{
    [Fact]
    public async Task What_it_runs_with_is_used_and_new_claims_are_refused()
    {
        var node = await RegisterAsync(vcpus: 8, memoryMb: 8_192);
        await LivingAsync(node.NodeId, 2, 4_000);

        var (audit, counted) = await CountAsync(node.NodeId, Running(Unique.Id("late"), 2, 6_000));

        Assert.Equal([(DriftKind.UntrackedInstance, DriftAction.Counted), (DriftKind.OverCapacity, DriftAction.Reported)], Summary(audit));
        Assert.Equal("MEMORY_MB", audit.Drifts[0].ResourceClass);
        Assert.Equal((ClaimRole.Observed, ClaimState.Active), (counted.Role, counted.State));
        var usage = (await GetAsync(node.NodeId)).Usage["MEMORY_MB"];
        Assert.Equal((10_000, -1_808), (usage.Used, usage.Free));
        var claim = Requests.Claim(node.NodeId, vcpus: 2, memoryMb: 4_000);
        await Expect.ErrorAsync(Claims.ClaimInstanceAsync(claim), StatusCode.ResourceExhausted, "DOES_NOT_FIT");
        claim.ValidateOnly = true;
        await Expect.ErrorAsync(Claims.ClaimInstanceAsync(claim), StatusCode.ResourceExhausted, "DOES_NOT_FIT");
        await Expect.SoundLedgerAsync(Clients);
    }

    [Fact]
    public async Task A_class_without_inventory_is_named()
    {
        var node = await RegisterAsync();
        var seen = Running(Unique.Id("late"), 4, 1_024);
        seen.Resources.Add("DISK_GB", 10);

        var (audit, counted) = await CountAsync(node.NodeId, seen);

        Assert.Equal("DISK_GB", audit.Drifts[0].ResourceClass);
        Assert.Contains("DISK_GB: no inventory", audit.Drifts[0].Detail, StringComparison.Ordinal);
        Assert.Equal(new Dictionary<string, long> { ["VCPU"] = 4, ["MEMORY_MB"] = 1_024 }, counted.Resources.ToDictionary());
    }

    [Fact]
    public async Task One_that_was_evacuated_and_runs_on_keeps_its_old_hosts_CPUs_and_devices()
    {
        var request = Requests.Node();
        request.NumaTopology = new NumaTopology { Cells = { new NumaCell { CellId = 0, DedicatedCpus = { 0, 1 }, MemoryMb = 4_096 } } };
        request.Devices.Add(new Device { Address = "0000:3b:00.0", VendorId = "8086", ProductId = "158b", Type = DeviceType.Pci });
        await Nodes.RegisterNodeAsync(request);
        var source = await LivingAsync(request.NodeId);
        var target = await EvacuateAsync(source);
        var zombie = Running(source.Instance.InstanceId, 1, 512);
        zombie.NumaCells.Add(new ObservedNumaCell { HostCellId = 0, Pinning = { [0] = 1 }, MemoryMb = 512 });
        zombie.DeviceAddresses.Add("0000:3b:00.0");

        var (audit, counted) = await CountAsync(request.NodeId, zombie);

        Assert.Equal((DriftKind.MisplacedInstance, DriftAction.Counted, target.ClaimId), (audit.Drifts[0].Kind, audit.Drifts[0].Action, audit.Drifts[0].ClaimId));
        var node = await GetAsync(request.NodeId);
        Assert.Equal([1], node.NumaUsage[0].PinnedCpus);
        Assert.Equal((DeviceState.Claimed, counted.ClaimId), (node.Devices[0].State, node.Devices[0].ClaimId));
        Assert.Equal((1, 0, 1L), (node.ClaimCount, node.Statistics.InstanceCount, node.Usage["VCPU"].Used));
        Assert.Equal(
            [(target.ClaimId, ClaimRole.Primary), (counted.ClaimId, ClaimRole.Observed)],
            (await Claims.ListClaimsAsync(new ListClaimsRequest { InstanceId = source.Instance.InstanceId })).Claims.Select(claim => (claim.ClaimId, claim.Role)));
        await Expect.SoundLedgerAsync(Clients);
    }

    [Fact]
    public async Task It_ends_with_the_report_that_no_longer_names_it_and_the_history_tells_all()
    {
        var node = await RegisterAsync(vcpus: 1);
        var (_, counted) = await CountAsync(node.NodeId, Running(Unique.Id("late"), 2, 512));
        var gone = await ReportAsync(node.NodeId);
        gone.Instances.Clear();

        var audit = await AuditAsync(gone);

        Assert.Equal([(DriftKind.OrphanedClaim, DriftAction.ClaimReleased)], Summary(audit));
        Assert.Equal((0, 0L), ((await GetAsync(node.NodeId)).ClaimCount, await UsedAsync(node.NodeId)));
        var events = (await Audits.ListEventsAsync(new ListEventsRequest { ClaimId = counted.ClaimId })).Events;
        Assert.Equal([EventKind.InstanceCounted, EventKind.ClaimReleased], events.Select(item => item.Kind));
        Assert.All(events, item => Assert.Equal(ClaimRole.Observed, item.After.ClaimRole));
        Assert.All(events, item => Assert.NotEmpty(item.AuditId));
        Assert.Equal(ClaimState.Released, (await GetClaimAsync(counted.ClaimId)).State);
    }

    [Fact]
    public async Task Nobody_but_audits_changes_what_is_counted()
    {
        var node = await RegisterAsync(vcpus: 1);
        var (_, counted) = await CountAsync(node.NodeId, Running(Unique.Id("late"), 2, 512));
        var id = counted.ClaimId;

        await Expect.ErrorAsync(Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = id }), StatusCode.FailedPrecondition, "CLAIM_WRONG_STATE");
        await Expect.ErrorAsync(Claims.RenewClaimAsync(new RenewClaimRequest { ClaimId = id }), StatusCode.FailedPrecondition, "CLAIM_WRONG_STATE");
        await Expect.ErrorAsync(Claims.AbortClaimAsync(new AbortClaimRequest { ClaimId = id }), StatusCode.FailedPrecondition, "CLAIM_WRONG_STATE");
        var instance = counted.Instance.InstanceId;
        await Expect.ErrorAsync(
            Claims.UpdateInstanceAsync(new UpdateInstanceRequest { InstanceId = instance, VmState = "stopped" }), StatusCode.NotFound, "INSTANCE_NOT_FOUND");
        await Expect.ErrorAsync(
            Resizes.ClaimResizeAsync(new ClaimResizeRequest { InstanceId = instance, TargetNodeId = node.NodeId, Resources = Requests.Resources() }),
            StatusCode.NotFound, "INSTANCE_NOT_FOUND");
        await Expect.ErrorAsync(
            Nodes.DeleteNodeAsync(new DeleteNodeRequest { NodeId = node.NodeId }), StatusCode.FailedPrecondition, "NODE_HOLDS_CLAIMS");
        Assert.Equal(counted, await GetClaimAsync(id));
        Assert.Equal(1, (await Nodes.DeleteNodeAsync(new DeleteNodeRequest { NodeId = node.NodeId, Force = true })).ReleasedClaimCount);
    }

    [Fact]
    public async Task A_claim_of_the_instance_itself_takes_its_place()
    {
        var node = await RegisterAsync(vcpus: 4);
        var other = await LivingAsync(node.NodeId, 3);
        var (_, counted) = await CountAsync(node.NodeId, Running(Unique.Id("late"), 4, 512));
        await Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = other.Instance.InstanceId });
        await Expect.ErrorAsync(
            Claims.ClaimInstanceAsync(Requests.Claim(node.NodeId, vcpus: 4)), StatusCode.ResourceExhausted, "DOES_NOT_FIT");

        var claim = await ClaimAsync(node.NodeId, 4, counted.Instance.InstanceId);

        Assert.Equal((ClaimRole.Primary, 1, 4L), (claim.Role, (await GetAsync(node.NodeId)).ClaimCount, await UsedAsync(node.NodeId)));
        Assert.Equal(ClaimState.Released, (await GetClaimAsync(counted.ClaimId)).State);
        await Expect.SoundLedgerAsync(Clients);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_claim_of_the_instance_itself_takes_its_place_also_where_the_service_chooses(bool asGroup)
    {
        var (zone, nodes) = await RegisterZoneAsync(4, 2);
        var other = await LivingAsync(nodes[0].NodeId, 3);
        var (_, counted) = await CountAsync(nodes[0].NodeId, Running(Unique.Id("late"), 4, 512));
        await Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = other.Instance.InstanceId });
        var stranger = Requests.ClaimAmong(zone, vcpus: 4);
        await Expect.ErrorAsync(Claims.ClaimInstanceAsync(stranger), StatusCode.ResourceExhausted, "NO_CANDIDATE_FITS");
        var own = Requests.ClaimAmong(zone, vcpus: 4);
        own.Instance.InstanceId = counted.Instance.InstanceId;

        own.ValidateOnly = true;
        Assert.Equal(nodes[0].NodeId, (await Claims.ClaimInstanceAsync(own)).Claim.NodeId);
        own.Filter.ExcludedNodeIds.Add(nodes[0].NodeId);
        await Expect.ErrorAsync(Claims.ClaimInstanceAsync(own), StatusCode.ResourceExhausted, "NO_CANDIDATE_FITS");
        own.Filter.ExcludedNodeIds.Clear();
        own.ValidateOnly = false;
        var claim = asGroup
            ? (await Claims.ClaimInstancesAsync(new ClaimInstancesRequest { Requests = { own }, AllOrNothing = true })).Results[0].Claim
            : (await Claims.ClaimInstanceAsync(own)).Claim;

        Assert.Equal((nodes[0].NodeId, ClaimRole.Primary), (claim.NodeId, claim.Role));
        Assert.Equal(4, await UsedAsync(nodes[0].NodeId));
        Assert.Equal(ClaimState.Released, (await GetClaimAsync(counted.ClaimId)).State);
        await Expect.SoundLedgerAsync(Clients);
    }

    [Fact]
    public async Task An_instance_moves_back_to_where_it_still_runs()
    {
        var node = await RegisterAsync(vcpus: 1);
        var moved = await EvacuateAsync(await LivingAsync(node.NodeId));
        var (_, counted) = await CountAsync(node.NodeId, Running(moved.Instance.InstanceId, 1, 512));

        var back = await Migrations.ClaimMigrationAsync(new ClaimMigrationRequest
        {
            InstanceId = moved.Instance.InstanceId,
            TargetNodeId = node.NodeId,
            Type = MigrationType.ColdMigration,
        });
        await Migrations.ConfirmMigrationAsync(new ConfirmMigrationRequest { MigrationId = back.Migration.MigrationId });

        Assert.Equal((1, 1L), ((await GetAsync(node.NodeId)).ClaimCount, await UsedAsync(node.NodeId)));
        Assert.Equal(ClaimState.Released, (await GetClaimAsync(counted.ClaimId)).State);
        await Expect.SoundLedgerAsync(Clients);
    }

    [Fact]
    public async Task Its_release_ends_its_own_claim_and_what_is_counted_on_other_hosts()
    {
        var node = await RegisterAsync();
        var moved = await EvacuateAsync(await LivingAsync(node.NodeId));
        var (_, counted) = await CountAsync(node.NodeId, Running(moved.Instance.InstanceId, 1, 512));
        var request = new ReleaseInstanceRequest { InstanceId = moved.Instance.InstanceId, RequestId = Unique.RequestId() };

        var released = await Claims.ReleaseInstanceAsync(request);

        Assert.Equal([moved.ClaimId, counted.ClaimId], released.Claims.Select(claim => claim.ClaimId));
        Assert.All(released.Claims, claim => Assert.Equal(ClaimState.Released, claim.State));
        Assert.Equal(released, await Claims.ReleaseInstanceAsync(request));
        Assert.Equal((0L, 0L), (await UsedAsync(node.NodeId), await UsedAsync(moved.NodeId)));
        request.RequestId = "";
        await Expect.ErrorAsync(Claims.ReleaseInstanceAsync(request), StatusCode.NotFound, "INSTANCE_NOT_FOUND");
        await Expect.SoundLedgerAsync(Clients);
    }

    [Fact]
    public async Task It_is_there_after_a_kill()
    {
        using var directory = new TemporaryDirectory();
        var node = Requests.Node(vcpus: 1);
        Audit audit;
        await using (var first = await ServiceProcess.StartAsync(directory.Path))
        {
            await first.Clients.Nodes.RegisterNodeAsync(node);
            audit = (await first.Clients.Audits.AuditNodeAsync(new AuditNodeRequest
            {
                NodeId = node.NodeId,
                Mode = AuditMode.Heal,
                ObservedGeneration = 1,
                Scopes = { AuditScope.Instances },
                Instances = { Running("late", 2, 512) },
            })).Audit;
            await first.KillHardAsync();
        }

        await using var second = await ServiceProcess.StartAsync(directory.Path);
        var claim = Assert.Single((await second.Clients.Claims.ListClaimsAsync(new ListClaimsRequest { InstanceId = "late" })).Claims);
        Assert.Equal((audit.Drifts[0].ClaimId, ClaimRole.Observed), (claim.ClaimId, claim.Role));
        await Expect.BalancedBooksAsync(second.Clients);
        await Expect.ErrorAsync(
            second.Clients.Claims.ClaimInstanceAsync(Requests.Claim(node.NodeId)), StatusCode.ResourceExhausted, "DOES_NOT_FIT");
        await second.Clients.Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = "late" });
        await Expect.BalancedBooksAsync(second.Clients);
    }

    [Fact]
    public async Task A_report_of_an_empty_host_releases_nothing_unless_it_says_how_many()
    {
        var node = await RegisterAsync(vcpus: 20);
        for (var i = 0; i < 20; i++)
            await LivingAsync(node.NodeId);
        var report = await ReportAsync(node.NodeId);
        report.Instances.Clear();

        var audit = await AuditAsync(report);

        Assert.Equal(20, audit.Drifts.Count(drift => drift.Action == DriftAction.SkippedUnconfirmed));
        Assert.Contains("confirmed_orphan_count", audit.Drifts[0].Detail, StringComparison.Ordinal);
        Assert.Equal(20, await UsedAsync(node.NodeId));
        (report.RequestId, report.ConfirmedOrphanCount) = (Unique.RequestId(), 20);
        Assert.Equal(20, (await AuditAsync(report)).HealedDriftCount);
        Assert.Equal(0, await UsedAsync(node.NodeId));
    }

    [Fact]
    public async Task Another_card_at_the_address_of_an_owned_one_is_told_until_the_claim_ends()
    {
        var request = Requests.Node();
        request.Devices.Add(new Device { Address = "0000:41:00.0", VendorId = "10de", ProductId = "2331", Type = DeviceType.Pci });
        await Nodes.RegisterNodeAsync(request);
        var claim = Requests.Claim(request.NodeId);
        claim.Resources.Devices.Add(new DeviceRequest { Name = "gpu", Alternatives = { new DeviceSpec { VendorId = "10de" } } });
        var claimed = (await Claims.ClaimInstanceAsync(claim)).Claim;
        await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = claimed.ClaimId });
        request.Devices[0] = new Device { Address = "0000:41:00.0", VendorId = "15b3", ProductId = "1017", Type = DeviceType.Pci };
        await Nodes.RegisterNodeAsync(request);

        foreach (var mode in new[] { AuditMode.Report, AuditMode.Heal, AuditMode.Heal })
        {
            var report = await ReportAsync(request.NodeId, mode);
            report.Instances[0].DeviceAddresses.Add("0000:41:00.0");

            var drift = Assert.Single((await AuditAsync(report)).Drifts);

            Assert.Equal((DriftKind.DeviceChanged, DriftAction.Reported), (drift.Kind, drift.Action));
            Assert.Equal((claimed.ClaimId, "0000:41:00.0", "Pci 10de:2331", "Pci 15b3:1017"), (drift.ClaimId, drift.DeviceAddress, drift.Expected, drift.Observed));
        }

        await Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = claimed.Instance.InstanceId });
        Assert.Empty((await AuditAsync(await ReportAsync(request.NodeId))).Drifts);
    }

    private static ObservedInstance Running(string instanceId, long vcpus, long memoryMb) => new()
    {
        Instance = new Instance { InstanceId = instanceId, ProjectId = "project-1", VmState = "active" },
        Resources = { ["VCPU"] = vcpus, ["MEMORY_MB"] = memoryMb },
    };

    private async Task<Claim> LivingAsync(string nodeId, long vcpus, long memoryMb)
    {
        var claim = (await Claims.ClaimInstanceAsync(Requests.Claim(nodeId, vcpus: vcpus, memoryMb: memoryMb))).Claim;
        return (await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = claim.ClaimId })).Claim;
    }

    // A healing report of everything that the ledger has and one instance more; and what is counted of that.
    private async Task<(Audit Audit, Claim Counted)> CountAsync(string nodeId, ObservedInstance seen)
    {
        var report = await ReportAsync(nodeId);
        report.Instances.Add(seen);
        var audit = await AuditAsync(report);
        var counted = (await Claims.ListClaimsAsync(new ListClaimsRequest { NodeId = nodeId })).Claims.Single(claim => claim.Role == ClaimRole.Observed);
        Assert.Equal(seen.Instance.InstanceId, counted.Instance.InstanceId);
        return (audit, counted);
    }

    // To a node of its own; gives the claim there.
    private async Task<Claim> EvacuateAsync(Claim source)
    {
        var target = await RegisterAsync();
        var started = await Migrations.ClaimMigrationAsync(new ClaimMigrationRequest
        {
            InstanceId = source.Instance.InstanceId,
            TargetNodeId = target.NodeId,
            Type = MigrationType.Evacuation,
        });
        return (await Migrations.ConfirmMigrationAsync(new ConfirmMigrationRequest { MigrationId = started.Migration.MigrationId })).Claim;
    }
}
