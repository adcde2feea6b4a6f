using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microsoft.Data.Sqlite;

namespace ResourceService.Server.Tests.Retries;

/// <summary>
/// Every call that changes something, given up by its caller after the service took it up: while the store is kept from writing, none can be
/// answered. That each was sent is proved by its event, which is there before anybody asks again.
/// </summary>
public sealed class WhenACallIsCutShort : IDisposable
{
    // Long enough to reach the service on a busy machine, and well below the time that the service waits for its store.
    private static readonly TimeSpan _deadline = TimeSpan.FromSeconds(2);

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task What_the_service_took_up_is_done_once_and_a_retry_gets_its_answer()
    {
        await using var service = await ServiceProcess.StartAsync(_directory.Path);
        var clients = service.Clients;
        var requests = await RequestsAsync(clients);
        Assert.Equal(ChangingRequests().Order(), requests.Select(request => request.Descriptor.Name).Order());

        await using (var other = new SqliteConnection($"Data Source={_directory.Below("ledger.db")};Pooling=False"))
        {
            // Another process holds the write lock, for less long than the service waits for it.
            await other.OpenAsync(TestContext.Current.CancellationToken);
            await using var transaction = other.BeginTransaction(deferred: false);
            var deadline = TimeProvider.System.GetUtcNow() + _deadline;
            var ends = await Task.WhenAll(requests.Select(request => Record.ExceptionAsync(() => SendAsync(clients, request, deadline.UtcDateTime)).AsTask()));

            // Cancelled where the service's reset of the stream came before the client's own clock.
            Assert.All(requests.Zip(ends), pair => Assert.True(
                pair.Second is RpcException { StatusCode: StatusCode.DeadlineExceeded or StatusCode.Cancelled }, $"{pair.First.Descriptor.Name}: {pair.Second}"));
        }

        foreach (var request in requests)
            await Eventually.HoldsAsync($"{request.Descriptor.Name} is in the history", async () => (await EventsAsync(clients, request)).Count > 0);
        var history = await Task.WhenAll(requests.Select(request => EventsAsync(clients, request)));
        var retried = await Task.WhenAll(requests.Select(request => SendAsync(clients, request)));
        var again = await Task.WhenAll(requests.Select(request => SendAsync(clients, request)));

        Assert.Equal(retried, again);
        Assert.Equal(history, await Task.WhenAll(requests.Select(request => EventsAsync(clients, request))));
        await Expect.BalancedBooksAsync(clients);
        await Expect.SoundLedgerAsync(clients);
    }

    // One of each, on nodes and instances of its own as far as it changes them.
    private static async Task<IMessage[]> RequestsAsync(ServiceClients clients)
    {
        var (source, target) = (await RegisterAsync(), await RegisterAsync());
        var audited = await RegisterAsync();
        var (confirmed, renewed, aborted) = (await ClaimAsync(), await ClaimAsync(), await ClaimAsync());
        return
        [
            WithId(Requests.Node()),
            WithId(new SetNodeStateRequest { NodeId = await RegisterAsync(), State = NodeState.Disabled }),
            WithId(new DeleteNodeRequest { NodeId = await RegisterAsync() }),
            Requests.Claim(source),
            WithId(new ClaimInstancesRequest { Requests = { new ClaimInstanceRequest(Requests.Claim(source)) { RequestId = "" } }, AllOrNothing = true }),
            WithId(new ConfirmClaimRequest { ClaimId = confirmed.ClaimId }),
            WithId(new RenewClaimRequest { ClaimId = renewed.ClaimId }),
            WithId(new AbortClaimRequest { ClaimId = aborted.ClaimId }),
            WithId(new ReleaseInstanceRequest { InstanceId = await LiveAsync() }),
            WithId(new UpdateInstanceRequest { InstanceId = await LiveAsync(), VmState = "paused" }),
            WithId(new ClaimResizeRequest { InstanceId = await LiveAsync(), TargetNodeId = target, Resources = Requests.Resources(2) }),
            WithId(new ConfirmResizeRequest { MigrationId = await MovingAsync(MigrationType.Resize) }),
            WithId(new RevertResizeRequest { MigrationId = await MovingAsync(MigrationType.Resize) }),
            WithId(new ClaimMigrationRequest { Type = MigrationType.ColdMigration, InstanceId = await LiveAsync(), TargetNodeId = target }),
            WithId(new UpdateMigrationRequest { MigrationId = await MovingAsync(MigrationType.ColdMigration), State = MigrationState.Running }),
            WithId(new ConfirmMigrationRequest { MigrationId = await MovingAsync(MigrationType.ColdMigration) }),
            WithId(new RevertMigrationRequest { MigrationId = await MovingAsync(MigrationType.ColdMigration) }),
            WithId(new FailMigrationRequest { MigrationId = await MovingAsync(MigrationType.ColdMigration) }),
            WithId(new AuditNodeRequest { NodeId = audited, Mode = AuditMode.Heal, ObservedGeneration = 1, Scopes = { AuditScope.Instances } }),
        ];

        async Task<string> RegisterAsync() => (await clients.Nodes.RegisterNodeAsync(Requests.Node(vcpus: 100))).Node.NodeId;

        async Task<Claim> ClaimAsync() => (await clients.Claims.ClaimInstanceAsync(Requests.Claim(source))).Claim;

        async Task<string> LiveAsync() =>
            (await clients.Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = (await ClaimAsync()).ClaimId })).Claim.Instance.InstanceId;

        async Task<string> MovingAsync(MigrationType type) => type == MigrationType.Resize
            ? (await clients.Resizes.ClaimResizeAsync(
                new ClaimResizeRequest { InstanceId = await LiveAsync(), TargetNodeId = target, Resources = Requests.Resources(2) })).Migration.MigrationId
            : (await clients.Migrations.ClaimMigrationAsync(
                new ClaimMigrationRequest { Type = type, InstanceId = await LiveAsync(), TargetNodeId = target })).Migration.MigrationId;
    }

    // The requests of the contract that can be sent again under an id. What a stream carries are the requests of the single call.
    private static IEnumerable<string> ChangingRequests() =>
        from file in new[] { NodeServiceReflection.Descriptor, ClaimServiceReflection.Descriptor, ResizeServiceReflection.Descriptor, MigrationServiceReflection.Descriptor, AuditServiceReflection.Descriptor }
        from method in file.Services.SelectMany(service => service.Methods)
        where method.InputType.FindFieldByName("request_id") is not null
        select method.InputType.Name;

    private static T WithId<T>(T request)
        where T : IMessage
    {
        IdOf(request).Accessor.SetValue(request, Unique.RequestId());
        return request;
    }

    private static FieldDescriptor IdOf(IMessage request) => request.Descriptor.FindFieldByName("request_id");

    private static async Task<IMessage> SendAsync(ServiceClients clients, IMessage request, DateTime? deadline = null)
    {
        var method = RawCalls.MethodOf(request.Descriptor);
        return method.OutputType.Parser.ParseFrom(
            await RawCalls.Unary(clients.Invoker, $"/{method.Service.FullName}/{method.Name}", request.ToByteArray(), deadline));
    }

    private static async Task<IReadOnlyList<Event>> EventsAsync(ServiceClients clients, IMessage request)
    {
        var id = (string)IdOf(request).Accessor.GetValue(request);
        var all = await clients.Audits.ListEventsAsync(new ListEventsRequest { PageSize = 1000 });
        Assert.Empty(all.NextPageToken);
        return [.. all.Events.Where(item => item.RequestId == id)];
    }
}
