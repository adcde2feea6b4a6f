namespace ResourceService.Server.Tests.Simulation;

public sealed class WhenEverythingHappensInAnyOrder(ITestOutputHelper output)
{
    [Fact]
    public async Task Each_answer_and_the_ledger_are_what_the_plain_books_say()
    {
        var course = new Course(Nodes: 3, Instances: 12, StepsUnlessTold: 20_000, WholeSteps: 100_000,
            BetweenLooks: 1, BetweenComparisons: 500, BetweenKills: 5_000, BetweenExpiries: 2_500, DiskFails: false);

        var (calls, _) = await course.RunAsync(output);

        Assert.True(calls.Count > 60, $"only {calls.Count} kinds of answers were seen");
    }
}
