using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Reflection.V1;

namespace ResourceService.Server.Tests.Security;

/// <summary>Two nodes with a claim each, and clients in every role.</summary>
public sealed class TwoNodes : SecuredService, IAsyncLifetime
{
    private readonly List<ServiceClients> _all = [];

    public Claim OwnClaim { get; private set; } = new();

    public Claim OtherClaim { get; private set; } = new();

    /// <summary>Clients by role, once with a token each and once with a certificate.</summary>
    internal IReadOnlyDictionary<string, ServiceClients[]> ByRole { get; private set; } = new Dictionary<string, ServiceClients[]>();

    async ValueTask IAsyncLifetime.InitializeAsync()
    {
        await InitializeAsync();
        ByRole = new Dictionary<string, ServiceClients[]>
        {
            ["scheduler"] = [WithRole("scheduler"), WithNames($"{Prefix}scheduler")],
            ["operator"] = [WithRole("operator"), WithNames($"{Prefix}operator")],
            ["viewer"] = [WithRole("viewer"), WithNames($"{Prefix}viewer")],
            ["agent"] = [WithRole("agent", "own"), WithNames($"{Prefix}agent/own")],
        };
        _all.AddRange(ByRole.Values.SelectMany(clients => clients));
        OwnClaim = await ClaimOnAsync("own");
        OtherClaim = await ClaimOnAsync("other");
    }

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        _all.ForEach(clients => clients.Dispose());
        await DisposeAsync();
    }

    /// <summary>A claim on one of the nodes.</summary>
    public async Task<Claim> ClaimOnAsync(string node)
    {
        var clients = ByRole["operator"][0];
        await clients.Nodes.RegisterNodeAsync(Requests.Node(node, vcpus: 100_000));
        return (await clients.Claims.ClaimInstanceAsync(Requests.Claim(node))).Claim;
    }
}

/// <summary>Every method, every role and none, own node and another's: allowed, or refused as the contract's text says.</summary>
public sealed class WhenAMethodIsCalled(TwoNodes service) : IClassFixture<TwoNodes>
{
    private const string Allowed = "allowed";

    public static TheoryData<string> Methods => new(AccessTable.Methods.Select(method => method.FullName));

    [Fact]
    public async Task An_agent_sees_of_a_refusal_by_several_nodes_what_its_own_lacked()
    {
        var claim = Requests.Claim(null, vcpus: 1_000_000);
        claim.CandidateNodeIds.Add(["own", "other"]);
        await Expect.ErrorAsync(service.ByRole["scheduler"][0].Claims.ClaimInstanceAsync(claim), StatusCode.ResourceExhausted, "NO_CANDIDATE_FITS");
        var list = new ListRefusalsRequest { NodeId = "own", InstanceId = claim.Instance.InstanceId };

        var whole = Assert.Single((await service.ByRole["viewer"][0].Audits.ListRefusalsAsync(list)).Refusals);
        var own = Assert.Single((await service.ByRole["agent"][0].Audits.ListRefusalsAsync(list)).Refusals);

        Assert.Equal(["own", "other"], whole.NodeIds);
        Assert.Equal(["own", "other"], whole.Refusals.Select(refusal => refusal.NodeId));
        Assert.Equal(["own"], own.NodeIds);
        Assert.Equal(whole.Refusals[0], Assert.Single(own.Refusals));
        Assert.DoesNotContain("other", own.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task Those_that_the_contract_names_may_call_it_and_no_others(string fullName)
    {
        var method = AccessTable.Methods.Single(item => item.FullName == fullName);
        var access = AccessTable.Of(method);

        Assert.Equal("Unauthenticated CALLER_UNKNOWN", await CallAsync(service.Strangers, method, null));
        using var nobody = service.WithRole(null);
        Assert.Equal("PermissionDenied ROLE_INSUFFICIENT", await CallAsync(nobody, method, null));
        foreach (var (role, clients) in service.ByRole)
        {
            foreach (var client in clients)
            {
                if (role != "agent")
                {
                    // Nothing real: an operator may delete it.
                    var expected = access.Contains(role) ? Allowed : "PermissionDenied ROLE_INSUFFICIENT";
                    Assert.Equal((role, expected), (role, await CallAsync(client, method, null)));
                    continue;
                }

                var mayForOwn = access.Contains("agent for its own node");
                // A claim of this call alone: some methods end it.
                var own = await service.ClaimOnAsync("own");
                Assert.Equal(mayForOwn ? Allowed : "PermissionDenied ROLE_INSUFFICIENT", await CallAsync(client, method, own));
                Assert.Equal(
                    mayForOwn ? "PermissionDenied NODE_NOT_OWNED" : "PermissionDenied ROLE_INSUFFICIENT",
                    await CallAsync(client, method, service.OtherClaim));
            }
        }
    }

    [Fact]
    public async Task An_agent_learns_of_its_own_nodes_what_is_missing_and_of_others_nothing()
    {
        var agent = service.ByRole["agent"][0];
        var own = service.OwnClaim.ClaimId.Split('-');
        var other = service.OtherClaim.ClaimId.Split('-');

        await Expect.ErrorAsync(ConfirmAsync($"c-{own[1]}-999999"), StatusCode.NotFound, "CLAIM_NOT_FOUND");
        var exists = await Expect.ErrorAsync(ConfirmAsync(service.OtherClaim.ClaimId), StatusCode.PermissionDenied, "NODE_NOT_OWNED");
        var missing = await Expect.ErrorAsync(ConfirmAsync($"c-{other[1]}-999999"), StatusCode.PermissionDenied, "NODE_NOT_OWNED");
        var nowhere = await Expect.ErrorAsync(ConfirmAsync("c-4000-1"), StatusCode.PermissionDenied, "NODE_NOT_OWNED");

        Assert.Equal(exists.ToString(), missing.ToString());
        Assert.Equal(exists.ToString(), nowhere.ToString());
        Assert.Equal("own", exists.Metadata["node_id"]);

        AsyncUnaryCall<ConfirmClaimResponse> ConfirmAsync(string id) => agent.Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = id });
    }

    [Fact]
    public async Task An_agent_changes_of_its_node_only_what_it_set_itself()
    {
        var (node, ops, agent) = ("own", service.ByRole["operator"][0].Nodes, service.ByRole["agent"][0].Nodes);
        await service.ClaimOnAsync(node);
        var reserved = new UpdateNodeRequest { NodeId = node, Owner = "ops", Inventories = { ["VCPU"] = new InventoryFields { Reserved = 1 } } };
        await ops.UpdateNodeAsync(reserved);
        var own = new UpdateNodeRequest { NodeId = node, Owner = "cyborg", Labels = { ["fpga"] = "yes" } };
        Assert.Equal(["cyborg", "ops"], (await agent.UpdateNodeAsync(own)).Node.FieldOwners.Select(owner => owner.Owner));

        var emptied = new UpdateNodeRequest { NodeId = node, Owner = "ops", Force = true };
        var error = await Expect.ErrorAsync(agent.UpdateNodeAsync(emptied), StatusCode.FailedPrecondition, "FIELD_OWNED");
        Assert.Equal(("owner", "ops"), (error.Metadata["field"], error.Metadata["owner"]));
        own.Inventories.Add(reserved.Inventories);
        own.Force = true;
        await Expect.ErrorAsync(agent.UpdateNodeAsync(own), StatusCode.FailedPrecondition, "FIELD_OWNED");

        // An operator may all of it.
        await ops.UpdateNodeAsync(own);
        Assert.Equal("cyborg", Assert.Single((await ops.GetNodeAsync(new GetNodeRequest { NodeId = node })).Node.FieldOwners).Owner);
    }

    [Fact]
    public async Task Health_and_what_describes_it_are_open_to_everyone()
    {
        Assert.Equal(Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus.Serving, await service.Strangers.HealthOfAsync("liveness"));
        using var call = new ServerReflection.ServerReflectionClient(service.Strangers.Invoker).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(new ServerReflectionRequest { FileContainingSymbol = "grpc.health.v1.Health" });
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.NotNull(call.ResponseStream.Current.FileDescriptorResponse);
    }

    [Fact]
    public async Task Each_event_names_who_caused_it()
    {
        var node = Unique.Id("node");
        using var agentByName = service.WithNames($"{node}.compute.test.example");
        await agentByName.Nodes.RegisterNodeAsync(Requests.Node(node));
        await service.ByRole["scheduler"][0].Claims.ClaimInstanceAsync(Requests.Claim(node));
        await service.ByRole["scheduler"][1].Claims.ClaimInstancesAsync(new ClaimInstancesRequest { Requests = { Requests.Claim(node) } });
        using (var stream = service.ByRole["operator"][0].Claims.StreamClaims())
        {
            await stream.RequestStream.WriteAsync(new StreamClaimsRequest { Request = Requests.Claim(node) });
            await stream.RequestStream.CompleteAsync();
            Assert.True(await stream.ResponseStream.MoveNext(CancellationToken.None));
            Assert.NotNull(stream.ResponseStream.Current.Claim);
        }

        var events = await service.ByRole["viewer"][0].Audits.ListEventsAsync(new ListEventsRequest { NodeId = node });

        Assert.Equal(
            [$"{node}.compute.test.example", "scheduler-1", $"{SecuredService.Prefix}scheduler", "operator-1"], events.Events.Select(item => item.Actor));
    }

    // "allowed" is every answer that is not about who calls: the requests are mostly incomplete.
    private static async Task<string> CallAsync(ServiceClients clients, MethodDescriptor method, Claim? about)
    {
        var path = $"/{method.Service.FullName}/{method.Name}";
        var message = RequestAbout(method.InputType, about).ToByteArray();
        try
        {
            if (method.IsServerStreaming)
            {
                using var stream = method.IsClientStreaming ? null : RawCalls.ServerStreaming(clients.Invoker, path, message);
                using var claims = method.IsClientStreaming ? clients.Claims.StreamClaims() : null;
                if (claims is not null)
                    await claims.RequestStream.CompleteAsync();
                _ = claims is not null
                    ? await claims.ResponseStream.MoveNext(CancellationToken.None)
                    : await stream!.ResponseStream.MoveNext(CancellationToken.None);
            }
            else
            {
                await RawCalls.Unary(clients.Invoker, path, message);
            }

            return Allowed;
        }
        catch (RpcException cause) when (cause.StatusCode is StatusCode.PermissionDenied or StatusCode.Unauthenticated)
        {
            return $"{cause.StatusCode} {RpcFailure.Of(cause).Reason}";
        }
        catch (RpcException cause) when (
            cause.StatusCode is not (StatusCode.Internal or StatusCode.Unknown or StatusCode.Unimplemented or StatusCode.Unavailable))
        {
            // What was let in may be refused for what it asks.
            return Allowed;
        }
    }

    // A request whose ids are those of a claim, its instance and its node; of nothing at all when there is none.
    private static IMessage RequestAbout(MessageDescriptor type, Claim? claim)
    {
        var numbers = (claim?.ClaimId ?? "c-4000-1")[2..];
        var message = type.Parser.ParseFrom(ByteString.Empty);
        Set("node_id", claim?.NodeId ?? "nowhere");
        Set("claim_id", $"c-{numbers}");
        Set("migration_id", $"m-{numbers}");
        Set("audit_id", $"a-{numbers}");
        Set("instance_id", claim?.Instance.InstanceId ?? "nothing");
        return message;

        void Set(string name, string value)
        {
            if (type.FindFieldByName(name) is { FieldType: FieldType.String, IsRepeated: false } field)
                field.Accessor.SetValue(message, value);
        }
    }
}
