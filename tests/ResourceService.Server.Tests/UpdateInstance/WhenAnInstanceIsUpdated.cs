namespace ResourceService.Server.Tests.UpdateInstance;

public sealed class WhenAnInstanceIsUpdated(SharedService service) : ServiceTest(service)
{
    [Fact]
    public async Task What_is_set_changes_what_is_unset_stays_and_the_statistics_follow()
    {
        var node = await RegisterAsync();
        var claim = await ClaimAsync(node.NodeId);

        var answer = await Claims.UpdateInstanceAsync(new UpdateInstanceRequest
        {
            InstanceId = claim.Instance.InstanceId,
            VmState = "active",
            TaskState = "image_snapshot",
            OsType = "linux",
        });

        Assert.Equal(("active", "image_snapshot", "linux", "project-1", ""), (
            answer.Instance.VmState, answer.Instance.TaskState, answer.Instance.OsType, answer.Instance.ProjectId, answer.Instance.PowerState));
        Assert.Equal(3, answer.NodeGeneration);
        var statistics = (await GetAsync(node.NodeId)).Statistics;
        Assert.Equal((1, 1, 1), (statistics.InstanceCount, statistics.TaskCount, statistics.IoWorkload));
        Assert.Equal(("active", 1), (statistics.InstancesByVmState.Single().Key, statistics.InstancesByVmState["active"]));
        Assert.Equal(1, statistics.InstancesByProject["project-1"]);
        Assert.Equal(1, statistics.InstancesByOsType["linux"]);
        var recorded = (await EventsAsync(node.NodeId))[^1];
        Assert.Equal((EventKind.InstanceUpdated, "building", "active"),
            (recorded.Kind, recorded.Before.Instance.VmState, recorded.After.Instance.VmState));

        answer = await Claims.UpdateInstanceAsync(new UpdateInstanceRequest { InstanceId = claim.Instance.InstanceId, TaskState = "" });
        Assert.Equal(("active", ""), (answer.Instance.VmState, answer.Instance.TaskState));
        Assert.Equal(0, (await GetAsync(node.NodeId)).Statistics.TaskCount);
    }

    [Fact]
    public async Task It_never_changes_what_is_held()
    {
        var node = await RegisterAsync();
        var claim = await ClaimAsync(node.NodeId, vcpus: 2);

        await Claims.UpdateInstanceAsync(new UpdateInstanceRequest { InstanceId = claim.Instance.InstanceId, VmState = "deleted" });

        Assert.Equal(2, await UsedAsync(node.NodeId));
        Assert.Equal(ClaimState.Held, (await GetClaimAsync(claim.ClaimId)).State);
    }

    [Fact]
    public async Task The_same_again_changes_nothing()
    {
        var node = await RegisterAsync();
        var claim = await ClaimAsync(node.NodeId);
        var request = new UpdateInstanceRequest { InstanceId = claim.Instance.InstanceId, PowerState = "running" };

        var first = await Claims.UpdateInstanceAsync(request);

        Assert.Equal(first, await Claims.UpdateInstanceAsync(request));
    }

    [Fact]
    public async Task An_unknown_instance_and_a_stale_generation_are_refused()
    {
        var node = await RegisterAsync();
        var claim = await ClaimAsync(node.NodeId);

        await Expect.ErrorAsync(
            Claims.UpdateInstanceAsync(new UpdateInstanceRequest { InstanceId = "never-claimed" }), StatusCode.NotFound, "INSTANCE_NOT_FOUND");
        await Expect.ErrorAsync(
            Claims.UpdateInstanceAsync(new UpdateInstanceRequest { InstanceId = claim.Instance.InstanceId, VmState = "x", ExpectedGeneration = 1 }),
            StatusCode.Aborted,
            "STALE_GENERATION");
    }
}
