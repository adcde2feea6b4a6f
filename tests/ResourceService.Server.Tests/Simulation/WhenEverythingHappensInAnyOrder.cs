using System.Globalization;
using ResourceService.FaultyDisk;

namespace ResourceService.Server.Tests.Simulation;

/// <summary>
/// Every method that changes something, in random order, one call after the other, with kills between: each answer is the model's, and the ledger
/// equals the model.
/// </summary>
public sealed class WhenEverythingHappensInAnyOrder(ITestOutputHelper output)
{
    private const string StepsVariable = "RESOURCESERVICE_STEPS";

    [Fact]
    public async Task Each_answer_and_the_ledger_are_what_the_plain_books_say()
    {
        var counts = await RunAsync(new Course(Nodes: 3, Instances: 12, StepsUnlessTold: 100_000, BetweenComparisons: 500, BetweenKills: 5_000, DiskFails: false));

        Assert.True(counts.Calls.Count > 40, $"only {counts.Calls.Count} kinds of answers were seen");
    }

    /// <summary>The disk fails, fills up, stalls, is torn, loses what was not flushed, and the service dies, in the middle of calls and of its start.</summary>
    [Fact]
    public async Task So_they_are_on_a_disk_that_fails()
    {
        var counts = await RunAsync(new Course(Nodes: 20, Instances: 100, StepsUnlessTold: 10_000, BetweenComparisons: 200, BetweenKills: 1_000, DiskFails: true));

        Assert.True(counts.Calls.Count > 40, $"only {counts.Calls.Count} kinds of answers were seen");
        Assert.True(counts.Faults.Count >= Enum.GetValues<DiskFault>().Length - 1, $"only {string.Join(", ", counts.Faults.Keys)} struck");
    }

    private async Task<(IReadOnlyDictionary<string, int> Calls, IReadOnlyDictionary<DiskFault, int> Faults)> RunAsync(Course course)
    {
        var seed = Seed.Choose();
        var steps = int.TryParse(Environment.GetEnvironmentVariable(StepsVariable), NumberStyles.None, CultureInfo.InvariantCulture, out var told)
            ? told
            : course.StepsUnlessTold;
        output.WriteLine($"{Seed.Describe(seed)}, {steps} steps ({StepsVariable})");
        // Faults have a sequence of their own: what is called does not depend on how often a call is sent.
        await using var service = await SimulatedService.StartAsync(new Random(seed + 1), course.DiskFails);
        var caller = new FleetCaller(service, new Random(seed), course.Nodes, course.Instances);
        var simulator = new Simulator(caller);
        for (var step = 1; step <= steps; step++)
        {
            try
            {
                await simulator.StepAsync();
                if (step % course.BetweenKills == 0)
                    await service.KillAsync();
                if (step % course.BetweenComparisons == 0 || step == steps)
                    await simulator.CompareAsync();
            }
            catch (Exception cause)
            {
                Assert.Fail($"Step {step}; {Seed.Describe(seed)}: {cause}\nFaults: {string.Join(", ", service.Faults)}\n{service.LogTail}");
            }
        }

        output.WriteLine(string.Join('\n', caller.Counts.Select(count => $"{count.Value,7} {count.Key}")));
        output.WriteLine(string.Join('\n', service.Faults.Select(fault => $"{fault.Value,7} {fault.Key}")));
        output.WriteLine($"{service.Resent,7} sent again");
        return (caller.Counts, service.Faults);
    }

    private sealed record Course(int Nodes, int Instances, int StepsUnlessTold, int BetweenComparisons, int BetweenKills, bool DiskFails);
}
