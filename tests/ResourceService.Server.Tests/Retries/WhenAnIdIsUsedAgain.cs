using Google.Protobuf;

namespace ResourceService.Server.Tests.Retries;

/// <summary>An id stands for one request: whatever else comes with it is refused, by whichever method and in whichever way, also after a crash.</summary>
public sealed class WhenAnIdIsUsedAgain(SharedService service) : ServiceTest(service)
{
    private const int CallCount = 50;

    [Fact]
    public async Task Every_retry_gets_the_first_answer_and_every_other_request_is_refused_before_and_after_a_crash()
    {
        using var directory = new TemporaryDirectory();
        IReadOnlyList<IdUse> uses;
        IReadOnlyList<IdUse> others;
        IMessage?[] answers;
        await using (var first = await ServiceProcess.StartAsync(directory.Path))
        {
            uses = await IdUses.MakeAsync(first.Clients);
            others = await IdUses.MakeAsync(first.Clients);
            answers = await AnswersAsync(first.Clients, uses);
            await AssertKnownAsync(first.Clients, uses, answers, others);
            await first.KillHardAsync();
        }

        await using var second = await ServiceProcess.StartAsync(directory.Path);
        await AssertKnownAsync(second.Clients, uses, answers, others);
        // None of the refused has done anything: under ids of their own they are accepted.
        await AnswersAsync(second.Clients, others);
        await Expect.SoundLedgerAsync(second.Clients);
    }

    [Theory]
    [InlineData(IdUse.Carrier.Call)]
    [InlineData(IdUse.Carrier.Stream)]
    [InlineData(IdUse.Carrier.InsideBatch)]
    [InlineData(IdUse.Carrier.InsideAllOrNothing)]
    public async Task Of_two_claims_at_once_under_one_id_one_wins(object way)
    {
        var node = await RegisterAsync(vcpus: 1_000);
        var one = Requests.Claim(node.NodeId, vcpus: 1);
        var other = Requests.Claim(node.NodeId, vcpus: 2);

        await AssertOneWinsAsync(new IdUse((IdUse.Carrier)way, one), new IdUse((IdUse.Carrier)way, other));

        Assert.InRange(await UsedAsync(node.NodeId), 1, 2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_two_batches_at_once_under_one_id_one_wins(bool allOrNothing)
    {
        var node = await RegisterAsync(vcpus: 1_000);
        var one = new ClaimInstancesRequest { AllOrNothing = allOrNothing, RequestId = Unique.RequestId() };
        var other = one.Clone();
        one.Requests.Add(Enumerable.Range(0, 10).Select(_ => Nameless(node.NodeId, 1)));
        other.Requests.Add(Enumerable.Range(0, 10).Select(_ => Nameless(node.NodeId, 3)));

        await AssertOneWinsAsync(new IdUse(IdUse.Carrier.Call, one), new IdUse(IdUse.Carrier.Call, other));

        Assert.Contains(await UsedAsync(node.NodeId), new long[] { 10, 30 });
    }

    [Fact]
    public async Task An_id_stands_for_one_request_of_a_batch_and_not_for_the_batch_as_well()
    {
        var node = await RegisterAsync();
        var batch = new ClaimInstancesRequest { RequestId = Unique.RequestId(), Requests = { Requests.Claim(node.NodeId), Requests.Claim(node.NodeId) } };
        batch.Requests[0].RequestId = batch.RequestId.ToUpperInvariant();
        batch.Requests[1].RequestId = batch.RequestId;

        var error = await Expect.ErrorAsync(Claims.ClaimInstancesAsync(batch), StatusCode.InvalidArgument, "INVALID_FIELD");

        Assert.Equal(
            ["requests[0].request_id", "requests[1].request_id", "requests[1].request_id"], error.Violations.Select(violation => violation.Field).Order());
        Assert.Equal(0, await UsedAsync(node.NodeId));
    }

    [Fact]
    public async Task A_claim_inside_a_batch_is_the_same_request_alone_and_the_other_way_round()
    {
        var node = await RegisterAsync();
        var (alone, inside, together) = (Requests.Claim(node.NodeId), Requests.Claim(node.NodeId), Requests.Claim(node.NodeId));
        var first = (await Claims.ClaimInstanceAsync(alone)).Claim;

        var each = (await Claims.ClaimInstancesAsync(new ClaimInstancesRequest { RequestId = Unique.RequestId(), Requests = { alone, inside } })).Results;
        var all = (await Claims.ClaimInstancesAsync(new ClaimInstancesRequest { AllOrNothing = true, Requests = { together } })).Results;

        Assert.Equal(first, each[0].Claim);
        Assert.Equal(each[1].Claim, (await Claims.ClaimInstanceAsync(inside)).Claim);
        Assert.Equal(all[0].Claim, (await Claims.ClaimInstanceAsync(together)).Claim);
        Assert.Equal(3, await UsedAsync(node.NodeId));
    }

    [Fact]
    public async Task All_or_nothing_makes_no_claim_that_was_asked_for_before()
    {
        var node = await RegisterAsync();
        var before = Requests.Claim(node.NodeId);
        await Claims.ClaimInstanceAsync(before);

        var results = (await Claims.ClaimInstancesAsync(
            new ClaimInstancesRequest { AllOrNothing = true, RequestId = Unique.RequestId(), Requests = { Requests.Claim(node.NodeId), before } })).Results;

        Expect.Error(results[0].Error, StatusCode.Aborted, "BATCH_NOT_APPLIED");
        Expect.Error(results[1].Error, StatusCode.AlreadyExists, "REQUEST_ID_REUSED");
        Assert.Equal(before.RequestId, results[1].RequestId);
        Assert.Equal(1, await UsedAsync(node.NodeId));
    }

    [Fact]
    public async Task A_request_that_only_validates_neither_takes_an_id_nor_minds_one()
    {
        var node = await RegisterAsync();
        var claim = Requests.Claim(node.NodeId);
        var validating = new ClaimInstanceRequest(claim) { ValidateOnly = true, Instance = Requests.Claim().Instance };
        var batch = new ClaimInstancesRequest { RequestId = claim.RequestId, Requests = { new ClaimInstanceRequest(validating) { RequestId = "" } } };

        await Claims.ClaimInstanceAsync(validating);
        Assert.Equal("", (await Claims.ClaimInstancesAsync(batch)).Results.Single().Claim.ClaimId);
        var claimed = await Claims.ClaimInstanceAsync(claim);
        await Claims.ClaimInstanceAsync(validating);
        Assert.Null((await Claims.ClaimInstancesAsync(batch)).Results.Single().Error);

        Assert.Equal(claimed, await Claims.ClaimInstanceAsync(claim));
    }

    private static async Task<IMessage?[]> AnswersAsync(ServiceClients clients, IReadOnlyList<IdUse> uses)
    {
        var answers = new IMessage?[uses.Count];
        for (var i = 0; i < answers.Length; i++)
        {
            (answers[i], var reason) = await uses[i].SendAsync(clients);
            Assert.True(answers[i] is not null, $"{uses[i]}: {reason}");
        }

        return answers;
    }

    // Each method against each, and each against itself with another body.
    private static async Task AssertKnownAsync(
        ServiceClients clients, IReadOnlyList<IdUse> uses, IReadOnlyList<IMessage?> answers, IReadOnlyList<IdUse> others)
    {
        var history = await HistoryAsync(clients);
        var wrong = new List<string>();
        for (var i = 0; i < uses.Count; i++)
        {
            var reasons = await Task.WhenAll(others.Select(async other => (other, (await other.Under(uses[i].Id).SendAsync(clients)).Reason)));
            wrong.AddRange(reasons.Where(pair => pair.Reason != "REQUEST_ID_REUSED").Select(pair => $"{uses[i]}, then {pair.other}: \"{pair.Reason}\""));
            var (again, reason) = await uses[i].SendAsync(clients);
            if (!Equals(again, answers[i]))
                wrong.Add($"{uses[i]} again: {reason} {again}, at first {answers[i]}");
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.Equal(history, await HistoryAsync(clients));
    }

    private static async Task<IReadOnlyList<Event>> HistoryAsync(ServiceClients clients)
    {
        var page = await clients.Audits.ListEventsAsync(new ListEventsRequest { PageSize = 1000 });
        Assert.Empty(page.NextPageToken);
        return page.Events;
    }

    private async Task AssertOneWinsAsync(IdUse one, IdUse other)
    {
        var calls = Enumerable.Range(0, CallCount).Select(i => (i % 2 == 0 ? one : other.Under(one.Id)).SendAsync(Clients));

        var ends = await Task.WhenAll(calls);

        Assert.Equal(CallCount / 2, ends.Count(end => end.Reason == "REQUEST_ID_REUSED"));
        Assert.Single(ends.Where(end => end.Reason != "REQUEST_ID_REUSED").Distinct());
        Assert.Single(ends.Select((end, i) => (i % 2, end.Reason)).Where(end => end.Reason.Length == 0).Distinct());
    }

    private static ClaimInstanceRequest Nameless(string nodeId, long vcpus) => new(Requests.Claim(nodeId, vcpus: vcpus)) { RequestId = "" };
}
