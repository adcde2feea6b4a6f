namespace ResourceService.Server.Tests.RenameNode;

public sealed class WhenAHostIsRenamed(SharedService service) : AuditTest(service)
{
    [Fact]
    public async Task Everything_that_the_node_holds_goes_on_under_the_new_id()
    {
        var (old, renamed) = (await RegisterHostAsync(), Unique.Id("renamed"));
        var elsewhere = await RegisterAsync();
        await Nodes.UpdateNodeAsync(new UpdateNodeRequest { NodeId = old, Owner = "ops", Traits = { "CUSTOM_GOLD" }, Labels = { ["rack"] = "r7" } });
        var held = await ClaimAsync(old);
        var pinned = (await Claims.ClaimInstanceAsync(Pinned(old))).Claim;
        await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = pinned.ClaimId });
        var away = await MoveAsync(await LivingAsync(old), elsewhere.NodeId);
        var toIt = await MoveAsync(await LivingAsync(elsewhere.NodeId), old);
        await Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = old, State = NodeState.Draining, Reason = "rack" });
        var before = await GetAsync(old);
        var claims = await ListAsync(old);

        var answer = (await Nodes.RenameNodeAsync(new RenameNodeRequest { NodeId = old, NewNodeId = renamed })).Node;

        var node = await GetAsync(renamed);
        Assert.Equal((renamed, node.Generation, node.ClaimCount), (answer.NodeId, answer.Generation, answer.ClaimCount));
        Assert.Equal(before.Generation + 1, node.Generation);
        var expected = before.Clone();
        (expected.NodeId, expected.Generation, expected.UpdateTime) = (renamed, node.Generation, node.UpdateTime);
        Assert.Equal(expected, node);
        Assert.Equal(claims.Select(claim => Under(claim, renamed, node.Generation)), await ListAsync(renamed));
        await Expect.ErrorAsync(Nodes.GetNodeAsync(new GetNodeRequest { NodeId = old }), StatusCode.NotFound, "NODE_NOT_FOUND");
        Assert.Empty(await ListAsync(old));

        // What was begun goes on by the ids that callers have.
        Assert.Equal(renamed, (await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = held.ClaimId })).Claim.NodeId);
        var left = (await Migrations.ConfirmMigrationAsync(new ConfirmMigrationRequest { MigrationId = away.MigrationId })).Migration;
        var come = (await Migrations.ConfirmMigrationAsync(new ConfirmMigrationRequest { MigrationId = toIt.MigrationId })).Migration;
        Assert.Equal((renamed, renamed), (left.SourceNodeId, come.TargetNodeId));
        Assert.Equal(0, (await Audits.VerifyLedgerAsync(new VerifyLedgerRequest { NodeId = renamed })).DifferenceCount);
    }

    [Fact]
    public async Task A_host_that_registered_itself_already_takes_over_what_it_held_under_its_old_id()
    {
        var (old, renamed) = (await RegisterHostAsync(), Unique.Id("renamed"));
        var pinned = (await Claims.ClaimInstanceAsync(Pinned(old))).Claim;
        var report = Host(renamed);
        report.Inventories["VCPU"].Total = 1;
        report.Devices.Clear();
        await Nodes.RegisterNodeAsync(report);
        await Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = renamed, State = NodeState.Disabled, Reason = "new name" });

        var node = (await Nodes.RenameNodeAsync(new RenameNodeRequest { NodeId = old, NewNodeId = renamed })).Node;

        Assert.Equal((1, -1), (node.Inventories["VCPU"].Total, node.Usage["VCPU"].Free));
        Assert.Equal((NodeState.Disabled, "new name"), (node.State, node.StateReason));
        var device = Assert.Single(node.Devices);
        Assert.Equal((DeviceState.Missing, pinned.ClaimId), (device.State, device.ClaimId));
        Assert.Equal([pinned.ClaimId], (await ListAsync(renamed)).Select(claim => claim.ClaimId));
        Assert.Equal(node, (await Nodes.RegisterNodeAsync(report)).Node);
    }

    [Fact]
    public async Task What_was_seen_to_run_under_the_new_id_stands_not_in_the_way_of_what_was_claimed()
    {
        var (old, renamed) = (await RegisterAsync(), Unique.Id("renamed"));
        var living = await LivingAsync(old.NodeId);
        await Nodes.RegisterNodeAsync(Requests.Node(renamed));
        // The host came up under its new name, and its agent reports what runs.
        var report = await ReportAsync(renamed);
        report.Instances.Add(new ObservedInstance { Instance = living.Instance, Resources = { living.Resources } });
        await AuditAsync(report);
        Assert.Equal(ClaimRole.Observed, Assert.Single(await ListAsync(renamed)).Role);

        await Nodes.RenameNodeAsync(new RenameNodeRequest { NodeId = old.NodeId, NewNodeId = renamed });

        var held = Assert.Single(await ListAsync(renamed));
        Assert.Equal((living.ClaimId, ClaimRole.Primary, ClaimState.Active), (held.ClaimId, held.Role, held.State));
        Assert.Empty((await AuditAsync(await ReportAsync(renamed))).Drifts);
        await Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = living.Instance.InstanceId });
        Assert.Equal(0, (await GetAsync(renamed)).ClaimCount);
        Assert.Equal(0, (await Audits.VerifyLedgerAsync(new VerifyLedgerRequest { NodeId = renamed })).DifferenceCount);
    }

    [Fact]
    public async Task What_stands_in_the_way_is_named_and_nothing_changes()
    {
        var (old, other) = (await RegisterAsync(), await RegisterAsync());
        await ClaimAsync(old.NodeId);
        var claim = await ClaimAsync(other.NodeId);
        var request = new RenameNodeRequest { NodeId = old.NodeId, NewNodeId = other.NodeId };

        var error = await Expect.ErrorAsync(Nodes.RenameNodeAsync(request), StatusCode.FailedPrecondition, "NODE_HOLDS_CLAIMS");
        Assert.Equal((other.NodeId, "1"), (error.Metadata["node_id"], error.Metadata["claim_count"]));

        await Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = claim.Instance.InstanceId });
        var report = Requests.Node(other.NodeId);
        report.Inventories.Remove("MEMORY_MB");
        await Nodes.RegisterNodeAsync(report);
        error = await Expect.ErrorAsync(Nodes.RenameNodeAsync(request), StatusCode.FailedPrecondition, "INVENTORY_IN_USE");
        Assert.Equal("MEMORY_MB", error.Metadata["resource_class"]);

        request.ExpectedGeneration = 1;
        await Expect.ErrorAsync(Nodes.RenameNodeAsync(request), StatusCode.Aborted, "STALE_GENERATION");
        request.NodeId = Unique.Id("nowhere");
        await Expect.ErrorAsync(Nodes.RenameNodeAsync(request), StatusCode.NotFound, "NODE_NOT_FOUND");
        Assert.Equal(2, (await GetAsync(old.NodeId)).Generation);
    }

    [Fact]
    public async Task History_is_told_under_the_ids_of_its_time_and_the_rename_under_both()
    {
        var (old, renamed) = (await RegisterAsync(), Unique.Id("renamed"));
        await Nodes.RegisterNodeAsync(Requests.Node(renamed, vcpus: 4));
        var claim = await ClaimAsync(old.NodeId);
        await Nodes.RenameNodeAsync(new RenameNodeRequest { NodeId = old.NodeId, NewNodeId = renamed, Reason = "DNS" });
        await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = claim.ClaimId });
        await Nodes.RegisterNodeAsync(Requests.Node(old.NodeId));

        var (ofOld, ofNew) = (await EventsAsync(old.NodeId), await EventsAsync(renamed));

        Assert.Equal(
            [
                (EventKind.NodeRegistered, old.NodeId), (EventKind.InstanceClaimed, old.NodeId), (EventKind.NodeDeleted, old.NodeId),
                (EventKind.NodeRenamed, renamed), (EventKind.NodeRegistered, old.NodeId),
            ],
            ofOld.Select(item => (item.Kind, item.NodeId)));
        Assert.Equal(
            [(EventKind.NodeRegistered, renamed), (EventKind.NodeRenamed, renamed), (EventKind.ClaimConfirmed, renamed)],
            ofNew.Select(item => (item.Kind, item.NodeId)));
        var rename = ofNew[1];
        Assert.Equal((old.NodeId, renamed, "DNS"), (rename.Before.NodeId, rename.After.NodeId, rename.Reason));
        Assert.Equal((8, 4), (rename.Before.Inventories["VCPU"].Total, rename.After.Inventories["VCPU"].Total));
        Assert.Equal($"renamed to {renamed}", ofOld[2].Reason);
        // Pages and the other order give the same.
        var newest = await Audits.ListEventsAsync(new ListEventsRequest { NodeId = old.NodeId, NewestFirst = true, PageSize = 3 });
        var rest = await Audits.ListEventsAsync(new ListEventsRequest { NodeId = old.NodeId, NewestFirst = true, PageSize = 3, PageToken = newest.NextPageToken });
        Assert.Equal(ofOld.Reverse(), newest.Events.Concat(rest.Events));
    }

    [Fact]
    public async Task Watchers_see_the_old_one_end_and_then_the_new_one_and_miss_nothing()
    {
        var (old, renamed) = (await RegisterAsync(), Unique.Id("renamed"));
        var revision = (await Nodes.ListNodesAsync(new ListNodesRequest { PageSize = 1 })).Revision;
        await ClaimAsync(old.NodeId, vcpus: 3);
        var node = (await Nodes.RenameNodeAsync(new RenameNodeRequest { NodeId = old.NodeId, NewNodeId = renamed })).Node;
        await ClaimAsync(renamed);

        using var watch = Nodes.WatchNodes(new WatchNodesRequest { Revision = revision, NodeIds = { old.NodeId, renamed } });
        var changes = new List<NodeChange>();
        while (changes.Count < 4)
        {
            Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
            if (watch.ResponseStream.Current.Change is { } change)
                changes.Add(change);
        }

        Assert.Equal(
            [(old.NodeId, false, 3L), (old.NodeId, true, 0L), (renamed, false, 3L), (renamed, false, 4L)],
            changes.Select(change => (change.NodeId, change.Deleted, change.Used.GetValueOrDefault("VCPU"))));
        Assert.Equal((8, node.Generation), (changes[2].Capacity["VCPU"], changes[2].Generation));

        using var events = Audits.WatchEvents(new WatchEventsRequest { Revision = revision, NodeId = old.NodeId });
        var kinds = new List<EventKind>();
        while (kinds.Count < 3)
        {
            Assert.True(await events.ResponseStream.MoveNext(CancellationToken.None));
            if (events.ResponseStream.Current.Event is { } item)
                kinds.Add(item.Kind);
        }

        Assert.Equal([EventKind.InstanceClaimed, EventKind.NodeDeleted, EventKind.NodeRenamed], kinds);
    }

    [Fact]
    public async Task A_retry_gets_the_first_answer_and_who_comes_back_under_the_old_id_is_another_node()
    {
        var (old, renamed) = (await RegisterAsync(), Unique.Id("renamed"));
        var claim = await ClaimAsync(old.NodeId);
        var request = new RenameNodeRequest { NodeId = old.NodeId, NewNodeId = renamed, RequestId = Unique.RequestId(), ExpectedGeneration = 2 };
        var first = await Nodes.RenameNodeAsync(request);

        var back = (await Nodes.RegisterNodeAsync(Requests.Node(old.NodeId, vcpus: 2))).Node;

        Assert.Equal((0, first.Node.Generation + 1), (back.ClaimCount, back.Generation));
        Assert.Equal(first, await Nodes.RenameNodeAsync(request));
        Assert.Equal(renamed, (await GetClaimAsync(claim.ClaimId)).NodeId);
        // And the way back is free once nobody has it.
        await Nodes.DeleteNodeAsync(new DeleteNodeRequest { NodeId = old.NodeId });
        Assert.Equal(1, (await Nodes.RenameNodeAsync(new RenameNodeRequest { NodeId = renamed, NewNodeId = old.NodeId })).Node.ClaimCount);
    }

    [Fact]
    public async Task A_report_of_before_heals_nothing_under_either_id()
    {
        var (old, renamed) = (await RegisterAsync(), Unique.Id("renamed"));
        var claim = await LivingAsync(old.NodeId);
        await Nodes.RegisterNodeAsync(Requests.Node(renamed));
        for (var i = 0; i < 9; i++)
            await Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = renamed, State = i % 2 == 0 ? NodeState.Disabled : NodeState.Enabled });
        // Nothing ran yet when it was taken, and its generation is above any of the claim.
        var late = await ReportAsync(renamed);
        late.ConfirmedOrphanCount = 10;
        await Nodes.RenameNodeAsync(new RenameNodeRequest { NodeId = old.NodeId, NewNodeId = renamed });

        Assert.Equal([(DriftKind.OrphanedClaim, DriftAction.SkippedChangedSince)], Summary(await AuditAsync(late)));
        Assert.Equal(ClaimState.Active, (await GetClaimAsync(claim.ClaimId)).State);
    }

    [Fact]
    public async Task Calls_that_race_with_renames_meet_the_one_or_the_other_node_and_never_both()
    {
        var (one, two) = (await RegisterAsync(vcpus: 1000), Unique.Id("renamed"));
        var renaming = Task.Run(async () =>
        {
            for (var i = 0; i < 40; i++)
            {
                var (from, to) = i % 2 == 0 ? (one.NodeId, two) : (two, one.NodeId);
                await Nodes.RenameNodeAsync(new RenameNodeRequest { NodeId = from, NewNodeId = to });
            }
        });
        var claimed = 0;
        while (!renaming.IsCompleted)
        {
            foreach (var id in new[] { one.NodeId, two })
            {
                try
                {
                    Assert.Equal(id, (await ClaimAsync(id)).NodeId);
                    claimed++;
                }
                catch (RpcException cause)
                {
                    Assert.Equal("NODE_NOT_FOUND", RpcFailure.Of(cause).Reason);
                }
            }
        }

        await renaming;
        Assert.Equal(claimed, (await GetAsync(one.NodeId)).ClaimCount);
        Assert.True(claimed > 0);
        Assert.Equal(0, (await Audits.VerifyLedgerAsync(new VerifyLedgerRequest { NodeId = one.NodeId })).DifferenceCount);
    }

    private async Task<Migration> MoveAsync(Claim claim, string target)
    {
        var request = new ClaimMigrationRequest
        {
            Type = MigrationType.ColdMigration,
            InstanceId = claim.Instance.InstanceId,
            TargetNodeId = target,
            Resources = Requests.Resources(),
        };
        return (await Migrations.ClaimMigrationAsync(request)).Migration;
    }

    private async Task<IReadOnlyList<Claim>> ListAsync(string nodeId) =>
        (await Claims.ListClaimsAsync(new ListClaimsRequest { NodeId = nodeId, PageSize = 1000 })).Claims;

    private static Claim Under(Claim claim, string nodeId, long generation) => new(claim) { NodeId = nodeId, NodeGeneration = generation };

    private async Task<string> RegisterHostAsync() => (await Nodes.RegisterNodeAsync(Host(Unique.Id("node")))).Node.NodeId;

    private static RegisterNodeRequest Host(string nodeId)
    {
        var request = Requests.Node(nodeId);
        request.NumaTopology = new NumaTopology { Cells = { new NumaCell { CellId = 0, SharedCpus = { 0 }, DedicatedCpus = { 1, 2, 3 }, MemoryMb = 1024 } } };
        request.Devices.Add(new Device { Address = "0000:3b:00.0", VendorId = "10de", ProductId = "20b5", Type = DeviceType.Pci });
        return request;
    }

    private static ClaimInstanceRequest Pinned(string nodeId)
    {
        var request = Requests.Claim(nodeId, vcpus: 2);
        request.Resources.Numa = new NumaRequest
        {
            CpuPolicy = CpuPolicy.Dedicated,
            Cells = { new NumaCellRequest { DedicatedVcpus = { 0, 1 }, MemoryMb = 64 } },
        };
        request.Resources.Devices.Add(new DeviceRequest { Name = "gpu", Alternatives = { new DeviceSpec { VendorId = "10de" } } });
        return request;
    }
}
