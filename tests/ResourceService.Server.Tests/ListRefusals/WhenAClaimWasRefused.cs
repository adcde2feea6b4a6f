namespace ResourceService.Server.Tests.ListRefusals;

/// <summary>Why did my instance get no place? Asked afterwards, for each way to claim.</summary>
public sealed class WhenAClaimWasRefused(SharedService service) : ServiceTest(service)
{
    [Fact]
    public async Task A_refusal_by_a_named_node_is_kept_as_it_was_answered()
    {
        var node = await RegisterAsync(vcpus: 4);
        var claim = Requests.Claim(node.NodeId, vcpus: 8);
        claim.Resources.RequiredTraits.Add("CUSTOM_FAST");
        var error = await Expect.ErrorAsync(Claims.ClaimInstanceAsync(claim), StatusCode.ResourceExhausted, "DOES_NOT_FIT");

        var kept = Assert.Single(await ListAsync(new() { InstanceId = claim.Instance.InstanceId }));

        Assert.Equal(
            ("ClaimInstance", claim.RequestId, claim.Instance.InstanceId, "project-1", ErrorReason.DoesNotFit),
            (kept.Method, kept.RequestId, kept.InstanceId, kept.ProjectId, kept.Reason));
        Assert.Equal([node.NodeId], kept.NodeIds);
        Assert.Equal(1, kept.NamedNodeCount);
        Assert.Equal(claim.Resources, kept.Resources);
        Assert.Equal(error.Message, kept.Message);
        var refusal = Assert.Single(kept.Refusals);
        Assert.Equal(node.NodeId, refusal.NodeId);
        Assert.Equal([RefusalReason.TraitMissing, RefusalReason.AboveMaxUnit], refusal.Dimensions.Select(dimension => dimension.Reason));
        Assert.Null(kept.Summary);
        Assert.True(kept.RefuseTime >= node.RegisterTime);
    }

    [Fact]
    public async Task Where_the_service_was_to_choose_the_summary_and_the_filter_are_kept()
    {
        var (zone, nodes) = await RegisterZoneAsync(2, 2);
        var claim = Requests.ClaimAmong(zone, vcpus: 3);
        await Expect.ErrorAsync(Claims.ClaimInstanceAsync(claim), StatusCode.ResourceExhausted, "NO_CANDIDATE_FITS");

        var kept = Assert.Single(await ListAsync(new() { InstanceId = claim.Instance.InstanceId }));

        Assert.Equal(claim.Filter, kept.Filter);
        Assert.Empty(kept.NodeIds);
        Assert.Equal(
            2, kept.Summary.Refusals.Single(count => count.Reason == RefusalReason.AboveMaxUnit && count.ResourceClass == "VCPU").NodeCount);
        // No node was named.
        Assert.Empty(await ListAsync(new() { NodeId = nodes[0].NodeId }));
    }

    [Fact]
    public async Task Each_way_to_claim_leaves_its_refusals()
    {
        var (small, other) = (await RegisterAsync(vcpus: 2), await RegisterAsync(vcpus: 2));
        var project = Unique.Id("project");
        var among = Claim(null);
        among.CandidateNodeIds.Add([small.NodeId, other.NodeId, "never-registered"]);
        await Expect.ErrorAsync(Claims.ClaimInstanceAsync(among), StatusCode.ResourceExhausted, "NO_CANDIDATE_FITS");
        var batched = Claim(small.NodeId);
        await Claims.ClaimInstancesAsync(new ClaimInstancesRequest { Requests = { batched } });
        var (together, innocent) = (Claim(small.NodeId), Claim(other.NodeId, vcpus: 1));
        await Claims.ClaimInstancesAsync(new ClaimInstancesRequest { Requests = { together, innocent }, AllOrNothing = true });
        var streamed = Claim(small.NodeId);
        using (var stream = Claims.StreamClaims())
        {
            await stream.RequestStream.WriteAsync(new StreamClaimsRequest { Request = streamed });
            Assert.True(await stream.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
            await stream.RequestStream.CompleteAsync();
        }

        var kept = await ListAsync(new() { ProjectId = project });

        Assert.Equal(
            [
                ("StreamClaims", streamed.RequestId, ErrorReason.DoesNotFit),
                ("ClaimInstances", together.RequestId, ErrorReason.DoesNotFit),
                ("ClaimInstances", batched.RequestId, ErrorReason.DoesNotFit),
                ("ClaimInstance", among.RequestId, ErrorReason.NoCandidateFits),
            ],
            kept.Select(refusal => (refusal.Method, refusal.RequestId, refusal.Reason)));
        Assert.Equal([small.NodeId, other.NodeId, "never-registered"], kept[^1].NodeIds);
        Assert.Equal(3, kept[^1].Refusals.Count);
        // What was refused only because of another is not kept.
        Assert.Empty(await ListAsync(new() { InstanceId = innocent.Instance.InstanceId }));
        Assert.Equal(4, (await ListAsync(new() { ProjectId = project, NodeId = small.NodeId })).Count);

        ClaimInstanceRequest Claim(string? nodeId, long vcpus = 4)
        {
            var claim = Requests.Claim(nodeId, vcpus: vcpus);
            claim.Instance.ProjectId = project;
            return claim;
        }
    }

    [Fact]
    public async Task Refused_moves_are_kept_with_their_target()
    {
        var (source, target) = (await RegisterAsync(), await RegisterAsync(vcpus: 1));
        var claim = await ClaimAsync(source.NodeId, vcpus: 2);
        await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = claim.ClaimId });
        var instance = claim.Instance.InstanceId;
        await Expect.ErrorAsync(
            Resizes.ClaimResizeAsync(new ClaimResizeRequest { InstanceId = instance, TargetNodeId = source.NodeId, Resources = Requests.Resources(7) }),
            StatusCode.ResourceExhausted, "DOES_NOT_FIT");
        await Expect.ErrorAsync(
            Migrations.ClaimMigrationAsync(
                new ClaimMigrationRequest { Type = MigrationType.ColdMigration, InstanceId = instance, TargetNodeId = target.NodeId }),
            StatusCode.ResourceExhausted, "DOES_NOT_FIT");

        var kept = await ListAsync(new() { InstanceId = instance });

        Assert.Equal(["ClaimMigration", "ClaimResize"], kept.Select(refusal => refusal.Method));
        Assert.Equal([target.NodeId, source.NodeId], kept.SelectMany(refusal => refusal.NodeIds));
        Assert.Equal([null, Requests.Resources(7)], kept.Select(refusal => refusal.Resources));
    }

    [Fact]
    public async Task What_only_validates_or_is_no_request_leaves_nothing()
    {
        var node = await RegisterAsync(vcpus: 2);
        var claim = Requests.Claim(node.NodeId, vcpus: 4);
        claim.ValidateOnly = true;
        await Expect.ErrorAsync(Claims.ClaimInstanceAsync(claim), StatusCode.ResourceExhausted, "DOES_NOT_FIT");
        claim.ValidateOnly = false;
        claim.Resources.Resources["VCPU"] = 0;
        await Expect.ErrorAsync(Claims.ClaimInstanceAsync(claim), StatusCode.InvalidArgument, "INVALID_FIELD");

        Assert.Empty(await ListAsync(new() { NodeId = node.NodeId }));
    }

    [Fact]
    public async Task A_loop_of_one_request_is_kept_once_and_does_not_hide_another_instance()
    {
        var node = await RegisterAsync(vcpus: 2);
        var (looping, single) = (Requests.Claim(node.NodeId, vcpus: 4), Requests.Claim(node.NodeId, vcpus: 3));
        for (var i = 0; i < 100; i++)
            await Expect.ErrorAsync(Claims.ClaimInstanceAsync(looping), StatusCode.ResourceExhausted, "DOES_NOT_FIT");
        await Expect.ErrorAsync(Claims.ClaimInstanceAsync(single), StatusCode.ResourceExhausted, "DOES_NOT_FIT");

        var kept = await ListAsync(new() { NodeId = node.NodeId });

        Assert.Equal(
            [(single.Instance.InstanceId, 99), (looping.Instance.InstanceId, 0)],
            kept.Select(refusal => (refusal.InstanceId, (int)refusal.SuppressedCount)));
    }

    [Fact]
    public async Task Filters_must_all_hold_and_pages_are_the_list()
    {
        var node = await RegisterAsync(vcpus: 2);
        for (var i = 0; i < 5; i++)
            await Expect.ErrorAsync(Claims.ClaimInstanceAsync(Requests.Claim(node.NodeId, vcpus: 3)), StatusCode.ResourceExhausted, "DOES_NOT_FIT");
        await Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = node.NodeId, State = NodeState.Disabled });
        await Expect.ErrorAsync(Claims.ClaimInstanceAsync(Requests.Claim(node.NodeId)), StatusCode.FailedPrecondition, "NODE_NOT_ENABLED");

        var all = await ListAsync(new() { NodeId = node.NodeId });
        Assert.Equal(6, all.Count);
        Assert.Equal(all.OrderByDescending(refusal => refusal.RefuseTime), all);
        Assert.Equal([all[0]], await ListAsync(new() { NodeId = node.NodeId, Reasons = { ErrorReason.NodeNotEnabled } }));
        Assert.Equal(all, await ListAsync(new() { NodeId = node.NodeId, Reasons = { ErrorReason.NodeNotEnabled, ErrorReason.DoesNotFit } }));
        Assert.Equal(all, await ListAsync(new() { NodeId = node.NodeId, StartTime = all[^1].RefuseTime, Actor = all[0].Actor }));
        Assert.Empty(await ListAsync(new() { NodeId = node.NodeId, EndTime = all[^1].RefuseTime }));
        Assert.Empty(await ListAsync(new() { NodeId = node.NodeId, Actor = "somebody-else" }));
        Assert.Equal([all[2]], await ListAsync(new() { NodeId = node.NodeId, InstanceId = all[2].InstanceId, ProjectId = "project-1" }));
        Assert.Empty(await ListAsync(new() { NodeId = node.NodeId, InstanceId = all[2].InstanceId, ProjectId = "project-2" }));

        var request = new ListRefusalsRequest { NodeId = node.NodeId, PageSize = 4 };
        var paged = new List<RefusedClaim>();
        do
        {
            var page = await Audits.ListRefusalsAsync(request);
            Assert.InRange(page.Refusals.Count, 1, 4);
            paged.AddRange(page.Refusals);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        Assert.Equal(all, paged);
        request.PageToken = (await Audits.ListRefusalsAsync(new ListRefusalsRequest { NodeId = node.NodeId, PageSize = 1 })).NextPageToken;
        await Expect.ErrorAsync(
            Audits.ListRefusalsAsync(new ListRefusalsRequest { PageToken = request.PageToken }), StatusCode.InvalidArgument, "INVALID_PAGE_TOKEN");
    }

    private async Task<IReadOnlyList<RefusedClaim>> ListAsync(ListRefusalsRequest request) => (await Audits.ListRefusalsAsync(request)).Refusals;
}
