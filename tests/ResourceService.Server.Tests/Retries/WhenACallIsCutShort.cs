using Google.Protobuf;
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
        var requests = await IdUses.RequestsAsync(clients);

        await using (var other = new SqliteConnection($"Data Source={_directory.Below("ledger.db")};Pooling=False"))
        {
            // Another process holds the write lock, for less long than the service waits for it.
            await other.OpenAsync(TestContext.Current.CancellationToken);
            await using var transaction = other.BeginTransaction(deferred: false);
            var deadline = TimeProvider.System.GetUtcNow() + _deadline;
            var ends = await Task.WhenAll(requests.Select(request => Record.ExceptionAsync(() => IdUse.CallAsync(clients, request, deadline.UtcDateTime)).AsTask()));

            // Cancelled where the service's reset of the stream came before the client's own clock.
            Assert.All(requests.Zip(ends), pair => Assert.True(
                pair.Second is RpcException { StatusCode: StatusCode.DeadlineExceeded or StatusCode.Cancelled }, $"{pair.First.Descriptor.Name}: {pair.Second}"));
        }

        foreach (var request in requests)
            await Eventually.HoldsAsync($"{request.Descriptor.Name} is in the history", async () => (await EventsAsync(clients, request)).Count > 0);
        var history = await Task.WhenAll(requests.Select(request => EventsAsync(clients, request)));
        var retried = await Task.WhenAll(requests.Select(request => IdUse.CallAsync(clients, request)));
        var again = await Task.WhenAll(requests.Select(request => IdUse.CallAsync(clients, request)));

        Assert.Equal(retried, again);
        Assert.Equal(history, await Task.WhenAll(requests.Select(request => EventsAsync(clients, request))));
        await Expect.BalancedBooksAsync(clients);
        await Expect.SoundLedgerAsync(clients);
    }

    private static async Task<IReadOnlyList<Event>> EventsAsync(ServiceClients clients, IMessage request)
    {
        // A batch of claims on their own leaves events of its requests.
        var id = request is ClaimInstancesRequest { AllOrNothing: false } batch ? batch.Requests[0].RequestId : new IdUse(IdUse.Carrier.Call, request).Id;
        var all = await clients.Audits.ListEventsAsync(new ListEventsRequest { PageSize = 1000 });
        Assert.Empty(all.NextPageToken);
        return [.. all.Events.Where(item => item.RequestId == id)];
    }
}
