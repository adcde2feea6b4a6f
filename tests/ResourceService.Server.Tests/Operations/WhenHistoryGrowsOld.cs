using Dapper;
using Microsoft.Data.Sqlite;

namespace ResourceService.Server.Tests.Operations;

public sealed class WhenHistoryGrowsOld : IDisposable
{
    private const int DaysAgo = 40;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Old_events_and_ended_claims_go_and_what_holds_resources_stays()
    {
        Claim live, ended;
        long oldLast;
        var request = Requests.Claim("node-1");
        await using (var first = await ServiceProcess.StartAsync(_directory.Path))
        {
            await first.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));
            ended = (await first.Clients.Claims.ClaimInstanceAsync(Requests.Claim("node-1"))).Claim;
            await first.Clients.Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = ended.Instance.InstanceId });
            live = (await first.Clients.Claims.ClaimInstanceAsync(request)).Claim;
            live = (await first.Clients.Claims.ConfirmClaimAsync(new ConfirmClaimRequest { ClaimId = live.ClaimId })).Claim;
            oldLast = (await first.Clients.Audits.ListEventsAsync(new ListEventsRequest())).Revision;
            Assert.Equal(0, await first.StopGentlyAsync());
        }

        MakeOld();
        await using var service = await ServiceProcess.StartAsync(_directory.Path, "--Retention:StepRows=2");
        await service.Clients.Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = "node-1", State = NodeState.Disabled });

        await Eventually.HoldsAsync("the old history is gone", async () =>
            (await service.Clients.Audits.ListEventsAsync(new ListEventsRequest())).Events[0].Revision >= oldLast);
        await Eventually.HoldsAsync("the ended claim is gone", async () =>
            (await service.Clients.Claims.ListClaimsAsync(new ListClaimsRequest { States = { ClaimState.Released } })).Claims.Count == 0);
        Assert.Equal(live.ClaimId, (await service.Clients.Claims.GetClaimAsync(new GetClaimRequest { ClaimId = live.ClaimId })).Claim.ClaimId);
        await Expect.ErrorAsync(
            service.Clients.Claims.GetClaimAsync(new GetClaimRequest { ClaimId = ended.ClaimId }), StatusCode.NotFound, "CLAIM_NOT_FOUND");
        await Expect.BalancedBooksAsync(service.Clients);

        // Who asks for what is gone is told so, by a list and by a watch; the beginning is where the history begins now.
        await Expect.ErrorAsync(
            service.Clients.Audits.ListEventsAsync(new ListEventsRequest { Revision = 1 }), StatusCode.OutOfRange, "REVISION_TOO_OLD");
        using var watch = service.Clients.Audits.WatchEvents(new WatchEventsRequest { Revision = 1 });
        await Expect.ErrorAsync(watch.ResponseStream, StatusCode.OutOfRange, "REVISION_TOO_OLD");
    }

    [Fact]
    public async Task A_request_whose_answer_is_gone_is_a_new_one()
    {
        var claim = Requests.Claim("node-1");
        await using (var first = await ServiceProcess.StartAsync(_directory.Path))
        {
            await first.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));
            await first.Clients.Claims.ClaimInstanceAsync(claim);
            await first.Clients.Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = claim.Instance.InstanceId });
            await first.StopGentlyAsync();
        }

        MakeOld();
        await using var service = await ServiceProcess.StartAsync(_directory.Path);
        await service.Clients.Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = "node-1", State = NodeState.Disabled });
        await service.Clients.Nodes.SetNodeStateAsync(new SetNodeStateRequest { NodeId = "node-1", State = NodeState.Enabled });
        await Eventually.HoldsAsync("the old history is gone", async () =>
            (await service.Clients.Audits.ListEventsAsync(new ListEventsRequest())).Events[0].Revision > 2);

        var again = (await service.Clients.Claims.ClaimInstanceAsync(claim)).Claim;

        Assert.Equal(ClaimState.Held, (await service.Clients.Claims.GetClaimAsync(new GetClaimRequest { ClaimId = again.ClaimId })).Claim.State);
    }

    [Fact]
    public async Task Numbers_go_on_after_the_last_ones_when_all_history_is_old()
    {
        Claim last;
        await using (var first = await ServiceProcess.StartAsync(_directory.Path))
        {
            await first.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1"));
            last = (await first.Clients.Claims.ClaimInstanceAsync(Requests.Claim("node-1"))).Claim;
            await first.Clients.Claims.ReleaseInstanceAsync(new ReleaseInstanceRequest { InstanceId = last.Instance.InstanceId });
            await first.StopGentlyAsync();
        }

        MakeOld();
        await using (var second = await ServiceProcess.StartAsync(_directory.Path))
        {
            await Eventually.HoldsAsync("one event is left", async () =>
                (await second.Clients.Audits.ListEventsAsync(new ListEventsRequest())).Events.Count == 1);
            await second.StopGentlyAsync();
        }

        await using var third = await ServiceProcess.StartAsync(_directory.Path);
        var next = (await third.Clients.Claims.ClaimInstanceAsync(Requests.Claim("node-1"))).Claim;
        Assert.True(Sequence(next) > Sequence(last), $"{next.ClaimId} was given after {last.ClaimId}");
        Assert.Equal(4, (await third.Clients.Audits.ListEventsAsync(new ListEventsRequest())).Revision);

        static long Sequence(Claim claim) => long.Parse(claim.ClaimId.Split('-')[^1]);
    }

    // As if all of it had happened long ago; the service is down.
    private void MakeOld()
    {
        using var connection = new SqliteConnection($"Data Source={_directory.Below("ledger.db")};Pooling=False");
        connection.Open();
        connection.Execute(
            """
            UPDATE events SET time = time - @span;
            UPDATE claims SET update_time = update_time - @span WHERE state NOT IN (1, 2)
            """,
            new { span = (long)TimeSpan.FromDays(DaysAgo).TotalMilliseconds });
    }
}
