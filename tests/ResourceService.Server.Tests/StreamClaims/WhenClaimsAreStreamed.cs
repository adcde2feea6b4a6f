namespace ResourceService.Server.Tests.StreamClaims;

public sealed class WhenClaimsAreStreamed(SharedService service) : ServiceTest(service)
{
    [Fact]
    public async Task Every_request_is_answered_by_its_id_and_refusals_do_not_end_the_stream()
    {
        var node = await RegisterAsync(vcpus: 1500);
        var requests = Enumerable.Range(0, 2000).Select(_ => Requests.Claim(node.NodeId)).ToList();

        var answers = await StreamAsync(requests.Select(request => new StreamClaimsRequest { Request = request }));

        Assert.Equal(requests.Select(request => request.RequestId).Order(), answers.Select(answer => answer.RequestId).Order());
        Assert.Equal(1500, answers.Count(answer => answer.Claim is not null));
        Assert.All(
            answers.Where(answer => answer.Claim is null),
            answer => Expect.Error(answer.Error, StatusCode.ResourceExhausted, "DOES_NOT_FIT"));
        Assert.Equal(1500, await UsedAsync(node.NodeId));
        var claim = answers.First(answer => answer.Claim is not null).Claim;
        Assert.Equal(claim.Instance, (await GetClaimAsync(claim.ClaimId)).Instance);
    }

    [Fact]
    public async Task A_broken_request_is_answered_like_any_other()
    {
        var node = await RegisterAsync();
        var good = Requests.Claim(node.NodeId);
        var bad = Requests.Claim(node.NodeId, vcpus: 0);
        bad.Lease = Requests.Seconds(0);
        var nameless = Requests.Claim(node.NodeId);
        nameless.RequestId = "";

        var answers = await StreamAsync(
        [
            new StreamClaimsRequest { Request = bad }, new StreamClaimsRequest(), new StreamClaimsRequest { Request = nameless },
            new StreamClaimsRequest { Request = good },
        ]);

        Assert.Equal(4, answers.Count);
        var fields = answers.Where(answer => answer.Error is not null)
            .Select(answer => Expect.Error(answer.Error, StatusCode.InvalidArgument, "INVALID_FIELD"))
            .SelectMany(error => error.Violations.Select(violation => violation.Field));
        Assert.Equal(["request", "request.lease", "request.request_id", "request.resources.resources[VCPU]"], fields.Order());
        Assert.Equal(good.RequestId, Assert.Single(answers, answer => answer.Claim is not null).RequestId);
        Assert.Equal(1, await UsedAsync(node.NodeId));
    }

    [Fact]
    public async Task A_retry_on_another_stream_or_as_a_single_call_gets_the_first_answer()
    {
        var node = await RegisterAsync();
        var request = Requests.Claim(node.NodeId);

        var first = Assert.Single(await StreamAsync([new StreamClaimsRequest { Request = request }]));
        var second = Assert.Single(await StreamAsync([new StreamClaimsRequest { Request = request }]));

        Assert.Equal(first, second);
        Assert.Equal(first.Claim, (await Claims.ClaimInstanceAsync(request)).Claim);
        Assert.Equal(1, await UsedAsync(node.NodeId));
    }

    private async Task<List<StreamClaimsResponse>> StreamAsync(IEnumerable<StreamClaimsRequest> requests)
    {
        using var call = Claims.StreamClaims();
        var reading = ReadAsync();
        foreach (var request in requests)
            await call.RequestStream.WriteAsync(request);
        await call.RequestStream.CompleteAsync();
        return await reading;

        async Task<List<StreamClaimsResponse>> ReadAsync()
        {
            var answers = new List<StreamClaimsResponse>();
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
                answers.Add(call.ResponseStream.Current);
            return answers;
        }
    }
}
