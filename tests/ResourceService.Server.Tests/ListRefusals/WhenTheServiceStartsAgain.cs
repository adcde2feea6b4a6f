namespace ResourceService.Server.Tests.ListRefusals;

public sealed class WhenTheServiceStartsAgain : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Refusals_are_still_there_and_the_newest_stay_when_there_are_too_many()
    {
        IReadOnlyList<RefusedClaim> before;
        await using (var first = await ServiceProcess.StartAsync(_directory.Path, "--Retention:RefusalsMax=3"))
        {
            await first.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1", vcpus: 2));
            for (var i = 0; i < 5; i++)
                await RefuseAsync(first, $"vm-{i}");
            // In memory there are all, at most for a second.
            before = await ListAsync(first);
            Assert.Equal(0, await first.StopGentlyAsync());
        }

        Assert.Equal("vm-4", before[0].InstanceId);
        await using (var second = await ServiceProcess.StartAsync(_directory.Path, "--Retention:RefusalsMax=3"))
        {
            Assert.Equal(before.Take(3), await ListAsync(second));
            Assert.Equal(before[1], Assert.Single((await second.Clients.Audits.ListRefusalsAsync(new ListRefusalsRequest { InstanceId = "vm-3" })).Refusals));

            await RefuseAsync(second, "vm-5");
            await Eventually.HoldsAsync(
                "the newest are written and the oldest is gone",
                async () => (await ListAsync(second)).Select(refusal => refusal.InstanceId).SequenceEqual(["vm-5", "vm-4", "vm-3"]));
            await Expect.SoundLedgerAsync(second.Clients);
            // They are written, for one is gone: nothing of them is lost any more.
            await second.KillHardAsync();
        }

        await using var third = await ServiceProcess.StartAsync(_directory.Path, "--Retention:RefusalsMax=3");
        Assert.Equal(["vm-5", "vm-4", "vm-3"], (await ListAsync(third)).Select(refusal => refusal.InstanceId));
    }

    [Fact]
    public async Task None_are_kept_where_none_are_wanted()
    {
        await using (var before = await ServiceProcess.StartAsync(_directory.Path))
        {
            await before.Clients.Nodes.RegisterNodeAsync(Requests.Node("node-1", vcpus: 2));
            await RefuseAsync(before, "vm-1");
            Assert.Single(await ListAsync(before));
            await before.StopGentlyAsync();
        }

        await using var service = await ServiceProcess.StartAsync(_directory.Path, "--Retention:RefusalsMax=0");
        await RefuseAsync(service, "vm-2");

        Assert.Empty(await ListAsync(service));
    }

    private static async Task RefuseAsync(ServiceProcess service, string instanceId) => await Expect.ErrorAsync(
        service.Clients.Claims.ClaimInstanceAsync(Requests.Claim("node-1", instanceId, vcpus: 3)), StatusCode.ResourceExhausted, "DOES_NOT_FIT");

    private static async Task<IReadOnlyList<RefusedClaim>> ListAsync(ServiceProcess service) =>
        (await service.Clients.Audits.ListRefusalsAsync(new ListRefusalsRequest())).Refusals;
}
