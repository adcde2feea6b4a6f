namespace ResourceService.Server.Tests.Security;

public sealed class WhenADeadlinePasses(SharedService service) : ServiceTest(service)
{
    // At any point of the call's way; that a call of each kind is cut short after it was taken up is proved where calls are retried.
    [Fact]
    public async Task A_retry_finds_what_became_of_the_claim_and_nothing_is_held_twice()
    {
        var seed = Seed.Choose();
        TestContext.Current.TestOutputHelper?.WriteLine(Seed.Describe(seed));
        var random = new Random(seed);
        var node = await RegisterAsync(vcpus: 100_000);
        var requests = Enumerable.Range(0, 400).Select(_ => Requests.Claim(node.NodeId)).ToList();
        var deadlines = requests.Select(_ => random.Next(1, 30)).ToList();
        var passed = 0;

        var first = await Task.WhenAll(requests.Select((request, i) => TryClaimAsync(request, deadlines[i])));
        var retried = await Task.WhenAll(requests.Select(async request => (await Claims.ClaimInstanceAsync(request)).Claim));

        Assert.True(passed > 0, "no deadline passed");
        Assert.All(first.Zip(retried), pair => Assert.True(pair.First is null || pair.First.Equals(pair.Second)));
        Assert.Equal(requests.Count, retried.Select(claim => claim.ClaimId).Distinct().Count());
        Assert.Equal(requests.Count, await UsedAsync(node.NodeId));
        Assert.Equal(requests.Count, (await EventsAsync(node.NodeId)).Count(item => item.Kind == EventKind.InstanceClaimed));

        async Task<Claim?> TryClaimAsync(ClaimInstanceRequest request, int milliseconds)
        {
            try
            {
                var deadline = TimeProvider.System.GetUtcNow().AddMilliseconds(milliseconds).UtcDateTime;
                return (await Claims.ClaimInstanceAsync(request, deadline: deadline)).Claim;
            }
            catch (RpcException cause) when (cause.StatusCode is StatusCode.DeadlineExceeded or StatusCode.Cancelled)
            {
                // Cancelled where the service's reset of the stream came before the client's own clock.
                Interlocked.Increment(ref passed);
                return null;
            }
        }
    }
}
