namespace ResourceService.Server.Tests.Hosting;

/// <summary>Most clients and logs keep nothing of an error but its message: the first reasons stand in it.</summary>
public sealed class WhenAnErrorHasManyReasons(SharedService service) : ServiceTest(service)
{
    [Fact]
    public async Task Three_fields_are_named_and_the_others_counted()
    {
        var request = Requests.Claim();
        request.Instance.InstanceId = "";
        request.Resources.Resources["vcpu"] = 64;
        request.Resources.Resources["MEMORY_MB"] = -1;

        var three = await Expect.ErrorAsync(Claims.ClaimInstanceAsync(request), StatusCode.InvalidArgument, "INVALID_FIELD");
        request.Resources.Resources["VCPU"] = -1;
        var four = await Expect.ErrorAsync(Claims.ClaimInstanceAsync(request), StatusCode.InvalidArgument, "INVALID_FIELD");

        Assert.Equal(string.Join("; ", three.Violations.Select(violation => $"{violation.Field}: {violation.Description}")), three.Message);
        Assert.Equal(3, three.Violations.Count);
        Assert.EndsWith("(and 1 more)", four.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_a_fleet_the_most_frequent_reasons_are_named()
    {
        var zone = Unique.Id("zone");
        foreach (var vcpus in new[] { 1, 1, 4 })
        {
            var node = Requests.Node(vcpus: vcpus, memoryMb: vcpus == 4 ? 100 : 1_000_000);
            node.Labels.Add("zone", zone);
            await Nodes.RegisterNodeAsync(node);
        }

        var error = await Expect.ErrorAsync(
            Claims.ClaimInstanceAsync(Requests.ClaimAmong(zone, vcpus: 2)), StatusCode.ResourceExhausted, "NO_CANDIDATE_FITS");

        Assert.Equal($"None of {error.Summary!.ExaminedNodeCount} nodes fits", error.Message.Split(':')[0]);
        Assert.Contains("VCPU ABOVE_MAX_UNIT on 2", error.Message, StringComparison.Ordinal);
        Assert.Contains("MEMORY_MB ABOVE_MAX_UNIT on 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_named_candidates_each_of_the_first_says_what_it_lacks()
    {
        var request = Requests.Claim(vcpus: 2);
        request.CandidateNodeIds.Add((await RegisterAsync(vcpus: 1)).NodeId);

        var one = await Expect.ErrorAsync(Claims.ClaimInstanceAsync(request), StatusCode.ResourceExhausted, "NO_CANDIDATE_FITS");
        request.CandidateNodeIds.Add((await RegisterAsync(vcpus: 1)).NodeId);
        var two = await Expect.ErrorAsync(Claims.ClaimInstanceAsync(request), StatusCode.ResourceExhausted, "NO_CANDIDATE_FITS");

        Assert.Equal($"The only candidate does not fit: {Reason(one.Refusals[0])}.", one.Message);
        Assert.Equal($"None of 2 candidates fits: {Reason(two.Refusals[0])}; {Reason(two.Refusals[1])}.", two.Message);
    }

    private static string Reason(Refusal refusal) => $"{refusal.NodeId}: {Assert.Single(refusal.Dimensions).Detail}";
}
