using ResourceService.FaultyDisk;

namespace ResourceService.Server.Tests.Simulation;

/// <summary>The disk fails, fills up, stalls, is torn, loses what was not flushed, and the service dies, in the middle of calls and of its start.</summary>
public sealed class WhenEverythingHappensOnADiskThatFails(ITestOutputHelper output)
{
    [Fact]
    public async Task Each_answer_and_the_ledger_are_what_the_plain_books_say()
    {
        var course = new Course(Nodes: 20, Instances: 100, StepsUnlessTold: 3_000, WholeSteps: 10_000,
            BetweenLooks: 10, BetweenComparisons: 200, BetweenKills: 1_000, BetweenExpiries: 500, DiskFails: true);

        var (calls, faults) = await course.RunAsync(output);

        Assert.True(calls.Count > 60, $"only {calls.Count} kinds of answers were seen");
        Assert.True(faults.Count == Enum.GetValues<DiskFault>().Length - 1, $"only {string.Join(", ", faults.Keys)} struck");
    }
}
