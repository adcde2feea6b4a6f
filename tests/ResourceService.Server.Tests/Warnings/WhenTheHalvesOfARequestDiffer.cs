namespace ResourceService.Server.Tests.Warnings;

/// <summary>A request whose amounts and NUMA cells say different things is carried out and warned of, by every method that takes one.</summary>
public sealed class WhenTheHalvesOfARequestDiffer(SharedService service) : ServiceTest(service)
{
    // Pins two CPUs and asks for none of PCPU.
    private static readonly (RequestWarningKind Kind, string Class, long Requested, long OfCells)[] _expected =
        [(RequestWarningKind.PinnedCpusDiffer, "PCPU", 0, 2)];

    [Fact]
    public async Task Each_way_to_claim_warns_and_claims()
    {
        var node = await RegisterHostAsync();
        var claim = Pinned(node);

        var claimed = await Claims.ClaimInstanceAsync(claim);
        Assert.Equal(_expected, Read(claimed.Warnings));
        Assert.Contains("PCPU", claimed.Warnings[0].Detail, StringComparison.Ordinal);
        // The first answer, warnings included.
        Assert.Equal(claimed, await Claims.ClaimInstanceAsync(claim));

        var batch = new ClaimInstancesRequest { Requests = { Pinned(node) } };
        Assert.Equal(_expected, Read(Assert.Single((await Claims.ClaimInstancesAsync(batch)).Results).Warnings));
        var together = new ClaimInstancesRequest { Requests = { Pinned(node) }, AllOrNothing = true };
        Assert.Equal(_expected, Read(Assert.Single((await Claims.ClaimInstancesAsync(together)).Results).Warnings));
        using var stream = Claims.StreamClaims();
        await stream.RequestStream.WriteAsync(new StreamClaimsRequest { Request = Pinned(node) });
        Assert.True(await stream.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        Assert.Equal(_expected, Read(stream.ResponseStream.Current.Warnings));
        await stream.RequestStream.CompleteAsync();

        var only = Pinned(node);
        only.ValidateOnly = true;
        Assert.Equal(_expected, Read((await Claims.ClaimInstanceAsync(only)).Warnings));
        var find = new FindCandidatesRequest { Resources = claim.Resources, Filter = new NodeFilter { NodeIds = { node } } };
        Assert.Equal(_expected, Read((await Nodes.FindCandidatesAsync(find)).Warnings));
    }

    [Fact]
    public async Task Moves_are_warned_of_what_they_ask_for_or_hold()
    {
        var (node, other) = (await RegisterHostAsync(), await RegisterHostAsync());
        var claim = Pinned(node);
        var made = (await Claims.ClaimInstanceAsync(claim)).Claim;
        await Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = made.ClaimId });
        var instance = claim.Instance.InstanceId;

        var migration = await Migrations.ClaimMigrationAsync(
            new ClaimMigrationRequest { Type = MigrationType.ColdMigration, InstanceId = instance, TargetNodeId = other });
        Assert.Equal(_expected, Read(migration.Warnings));
        await Migrations.FailMigrationAsync(new FailMigrationRequest { MigrationId = migration.Migration.MigrationId });
        var resize = await Resizes.ClaimResizeAsync(new ClaimResizeRequest { InstanceId = instance, TargetNodeId = other, Resources = claim.Resources });
        Assert.Equal(_expected, Read(resize.Warnings));
    }

    [Fact]
    public async Task A_request_without_cells_or_whose_halves_agree_is_not_warned()
    {
        var node = await RegisterHostAsync();
        Assert.Empty((await Claims.ClaimInstanceAsync(Requests.Claim(node, memoryMb: 1))).Warnings);
        var agreeing = Pinned(node);
        agreeing.Resources.Resources.Add("PCPU", 2);
        Assert.Empty((await Claims.ClaimInstanceAsync(agreeing)).Warnings);
    }

    private static IEnumerable<(RequestWarningKind Kind, string Class, long Requested, long OfCells)> Read(IEnumerable<RequestWarning> warnings) =>
        warnings.Select(warning => (warning.Kind, warning.ResourceClass, warning.Requested, warning.CellAmount));

    private async Task<string> RegisterHostAsync()
    {
        var node = Requests.Node(vcpus: 16, memoryMb: 4_096);
        node.Inventories.Add("PCPU", new Inventory { Total = 16 });
        node.NumaTopology = new NumaTopology { Cells = { new NumaCell { MemoryMb = 4_096, DedicatedCpus = { Enumerable.Range(0, 16) } } } };
        await Nodes.RegisterNodeAsync(node);
        return node.NodeId;
    }

    private static ClaimInstanceRequest Pinned(string nodeId)
    {
        var claim = Requests.Claim(nodeId);
        claim.Resources = new ResourceRequest
        {
            Resources = { ["MEMORY_MB"] = 64 },
            Numa = new NumaRequest { CpuPolicy = CpuPolicy.Dedicated, Cells = { new NumaCellRequest { MemoryMb = 64, DedicatedVcpus = { 0, 1 } } } },
        };
        return claim;
    }
}
