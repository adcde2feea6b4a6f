using System.Reflection;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace ResourceService.Server.Tests.Retries;

/// <summary>Every way in which a request id can be used: one request of each method that takes one, on nodes and instances of its own as far as it changes them.</summary>
internal static class IdUses
{
    /// <summary>
    /// The requests of the contract that can be sent again under an id. What a stream carries are the requests of the single call.
    /// </summary>
    public static IEnumerable<string> OfContract() =>
        from type in typeof(NodeServiceReflection).Assembly.GetTypes()
        where type.Name.EndsWith("Reflection", StringComparison.Ordinal)
        let file = (FileDescriptor)type.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!
        from method in file.Services.SelectMany(service => service.Methods)
        where method.InputType.FindFieldByName("request_id") is not null
        select method.InputType.Name;

    /// <summary>Makes the requests, each with an id and none of them sent; all would be accepted.</summary>
    public static async Task<IReadOnlyList<IdUse>> MakeAsync(ServiceClients clients)
    {
        var requests = await RequestsAsync(clients);
        Assert.Equal(OfContract().Order(), requests.Select(request => request.Descriptor.Name).Distinct().Order());
        var node = await RegisterAsync(clients);
        return
        [
            .. requests.Select(request => new IdUse(IdUse.Carrier.Call, request)),
            new IdUse(IdUse.Carrier.Stream, Requests.Claim(node)),
            new IdUse(IdUse.Carrier.InsideBatch, Requests.Claim(node)),
            new IdUse(IdUse.Carrier.InsideAllOrNothing, Requests.Claim(node)),
        ];
    }

    /// <summary>The requests that are calls of their own.</summary>
    public static async Task<IReadOnlyList<IMessage>> RequestsAsync(ServiceClients clients)
    {
        var (source, target) = (await RegisterAsync(clients), await RegisterAsync(clients));
        var audited = await RegisterAsync(clients);
        var (confirmed, renewed, aborted) = (await ClaimAsync(), await ClaimAsync(), await ClaimAsync());
        IMessage[] requests =
        [
            Requests.Node(),
            new SetNodeStateRequest { NodeId = await RegisterAsync(clients), State = NodeState.Disabled },
            new DeleteNodeRequest { NodeId = await RegisterAsync(clients) },
            new UpdateNodeRequest { NodeId = await RegisterAsync(clients), Owner = "ops", Labels = { ["rack"] = "r1" } },
            new RenameNodeRequest { NodeId = await RegisterAsync(clients), NewNodeId = Unique.Id("renamed") },
            Requests.Claim(source),
            new ClaimInstancesRequest { Requests = { Nameless(source) }, AllOrNothing = true },
            // One of them is refused, so that the claims alone do not tell the answer.
            new ClaimInstancesRequest { Requests = { Requests.Claim(source), Nameless(source), Requests.Claim(source, vcpus: 1_000) } },
            new ConfirmClaimRequest { ClaimId = confirmed.ClaimId },
            new RenewClaimRequest { ClaimId = renewed.ClaimId },
            new AbortClaimRequest { ClaimId = aborted.ClaimId },
            new ReleaseInstanceRequest { InstanceId = await LiveAsync() },
            new UpdateInstanceRequest { InstanceId = await LiveAsync(), VmState = "paused" },
            new ClaimResizeRequest { InstanceId = await LiveAsync(), TargetNodeId = target, Resources = Requests.Resources(2) },
            new ConfirmResizeRequest { MigrationId = await MovingAsync(MigrationType.Resize) },
            new RevertResizeRequest { MigrationId = await MovingAsync(MigrationType.Resize) },
            new ClaimMigrationRequest { Type = MigrationType.ColdMigration, InstanceId = await LiveAsync(), TargetNodeId = target },
            new UpdateMigrationRequest { MigrationId = await MovingAsync(MigrationType.ColdMigration), State = MigrationState.Running },
            new ConfirmMigrationRequest { MigrationId = await MovingAsync(MigrationType.ColdMigration) },
            new RevertMigrationRequest { MigrationId = await MovingAsync(MigrationType.ColdMigration) },
            new FailMigrationRequest { MigrationId = await MovingAsync(MigrationType.ColdMigration) },
            new AuditNodeRequest { NodeId = audited, Mode = AuditMode.Heal, ObservedGeneration = 1, Scopes = { AuditScope.Instances } },
        ];
        return [.. requests.Select(request => IdUse.WithId(request, Unique.RequestId()))];

        async Task<Claim> ClaimAsync() => (await clients.Claims.ClaimInstanceAsync(Requests.Claim(source))).Claim;

        async Task<string> LiveAsync() =>
            (await clients.Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = (await ClaimAsync()).ClaimId })).Claim.Instance.InstanceId;

        async Task<string> MovingAsync(MigrationType type) => type == MigrationType.Resize
            ? (await clients.Resizes.ClaimResizeAsync(
                new ClaimResizeRequest { InstanceId = await LiveAsync(), TargetNodeId = target, Resources = Requests.Resources(2) })).Migration.MigrationId
            : (await clients.Migrations.ClaimMigrationAsync(
                new ClaimMigrationRequest { Type = type, InstanceId = await LiveAsync(), TargetNodeId = target })).Migration.MigrationId;
    }

    private static async Task<string> RegisterAsync(ServiceClients clients) =>
        (await clients.Nodes.RegisterNodeAsync(Requests.Node(vcpus: 100))).Node.NodeId;

    private static ClaimInstanceRequest Nameless(string nodeId) => new(Requests.Claim(nodeId)) { RequestId = "" };
}
