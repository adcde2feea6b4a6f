namespace ResourceService.Server.Tests.ListClaims;

public sealed class WhenClaimsAreListed(SharedService service) : ServiceTest(service)
{
    [Fact]
    public async Task Filters_by_node_instance_project_and_state_must_all_hold()
    {
        var node = await RegisterAsync();
        var other = await RegisterAsync();
        var project = Unique.Id("project");
        var held = await ClaimForAsync(node.NodeId, project);
        var active = await ClaimForAsync(node.NodeId, project);
        await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = active });
        var aborted = await ClaimForAsync(other.NodeId, project);
        await Claims.AbortClaimAsync(new AbortClaimRequest { ClaimId = aborted });
        var foreign = await ClaimForAsync(node.NodeId, "another-project");

        Assert.Equal([held, active, foreign], await ListAsync(new() { NodeId = node.NodeId }));
        Assert.Equal([held, active], await ListAsync(new() { ProjectId = project }));
        Assert.Equal([held, active], await ListAsync(new() { NodeId = node.NodeId, ProjectId = project }));
        Assert.Equal([active], await ListAsync(new() { ProjectId = project, States = { ClaimState.Active } }));
        Assert.Equal([active], await ListAsync(new() { NodeId = node.NodeId, States = { ClaimState.Active } }));
        Assert.Equal([aborted], await ListAsync(new() { ProjectId = project, States = { ClaimState.Aborted } }));
        Assert.Equal([held, aborted], await ListAsync(new() { ProjectId = project, States = { ClaimState.Aborted, ClaimState.Held } }));
        Assert.Equal([held], await ListAsync(new() { InstanceId = (await GetClaimAsync(held)).Instance.InstanceId }));
        Assert.Empty(await ListAsync(new() { InstanceId = (await GetClaimAsync(held)).Instance.InstanceId, NodeId = other.NodeId }));
        Assert.Equal([aborted], await ListAsync(
            new() { InstanceId = (await GetClaimAsync(aborted)).Instance.InstanceId, States = { ClaimState.Aborted, ClaimState.Active } }));
        Assert.Empty(await ListAsync(new() { NodeId = "never-registered" }));
    }

    [Fact]
    public async Task Pages_give_each_claim_once_in_the_order_of_ids()
    {
        var node = await RegisterAsync(vcpus: 10);
        var made = new List<string>();
        for (var i = 0; i < 7; i++)
            made.Add((await ClaimAsync(node.NodeId)).ClaimId);

        foreach (var states in new[] { Array.Empty<ClaimState>(), [ClaimState.Held, ClaimState.Released] })
        {
            var request = new ListClaimsRequest { NodeId = node.NodeId, PageSize = 3, States = { states } };
            var pages = new List<ListClaimsResponse>();
            do
            {
                pages.Add(await Claims.ListClaimsAsync(request));
                request.PageToken = pages[^1].NextPageToken;
            }
            while (request.PageToken.Length > 0);

            Assert.Equal([3, 3, 1], pages.Select(page => page.Claims.Count));
            Assert.Equal(made, pages.SelectMany(page => page.Claims).Select(claim => claim.ClaimId));
        }
    }

    [Fact]
    public async Task A_token_of_another_list_is_refused()
    {
        var node = await RegisterAsync();
        await ClaimAsync(node.NodeId);
        await ClaimAsync(node.NodeId);
        var token = (await Claims.ListClaimsAsync(new ListClaimsRequest { NodeId = node.NodeId, PageSize = 1 })).NextPageToken;

        await Expect.ErrorAsync(
            Claims.ListClaimsAsync(new ListClaimsRequest { PageToken = token }), StatusCode.InvalidArgument, "INVALID_PAGE_TOKEN");
    }

    private async Task<string> ClaimForAsync(string nodeId, string project)
    {
        var request = Requests.Claim(nodeId);
        request.Instance.ProjectId = project;
        return (await Claims.ClaimInstanceAsync(request)).Claim.ClaimId;
    }

    private async Task<IEnumerable<string>> ListAsync(ListClaimsRequest request) =>
        (await Claims.ListClaimsAsync(request)).Claims.Select(claim => claim.ClaimId);
}
