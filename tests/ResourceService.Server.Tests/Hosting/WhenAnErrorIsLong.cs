namespace ResourceService.Server.Tests.Hosting;

/// <summary>Errors travel in trailers, and clients take few kilobytes of those: an error too large would be lost whole.</summary>
public sealed class WhenAnErrorIsLong(SharedService service) : ServiceTest(service)
{
    // What gRPC libraries accept unless told otherwise.
    private const int TrailersBytesMax = 8 * 1024;

    [Fact]
    public async Task The_first_violations_are_told_and_the_trailers_stay_small()
    {
        var request = Requests.Node();
        for (var i = 0; i < 100; i++)
            request.Inventories.Add($"{new string('x', 5_000)}\n{i}", new Inventory { Total = -1 });

        var cause = await Assert.ThrowsAsync<RpcException>(async () => await Nodes.RegisterNodeAsync(request));

        Assert.InRange(TrailersSize(cause), 1, TrailersBytesMax);
        var failure = RpcFailure.Of(cause);
        Assert.Equal((StatusCode.InvalidArgument, "INVALID_FIELD"), (failure.Code, failure.Reason));
        Assert.NotEmpty(failure.Violations);
        Assert.DoesNotContain(failure.Violations, violation => violation.Field.Any(char.IsControl));
    }

    [Fact]
    public async Task Many_refusals_are_cut_and_the_trailers_stay_small()
    {
        var request = Requests.Claim();
        for (var i = 0; i < 30; i++)
        {
            request.CandidateNodeIds.Add((await RegisterAsync(vcpus: 1)).NodeId);
            request.Resources.Resources.Add($"CUSTOM_{new string('A', 200)}_{i}", 1);
        }

        var cause = await Assert.ThrowsAsync<RpcException>(async () => await Claims.ClaimInstanceAsync(request));

        Assert.InRange(TrailersSize(cause), 1, TrailersBytesMax);
        var failure = RpcFailure.Of(cause);
        Assert.Equal((StatusCode.ResourceExhausted, "NO_CANDIDATE_FITS"), (failure.Code, failure.Reason));
        Assert.NotEmpty(failure.Refusals[0].Dimensions);
    }

    private static int TrailersSize(RpcException cause) =>
        cause.Trailers.Sum(entry => entry.Key.Length + (entry.IsBinary ? ((entry.ValueBytes.Length + 2) / 3 * 4) : entry.Value.Length)) + cause.Status.Detail.Length;
}
