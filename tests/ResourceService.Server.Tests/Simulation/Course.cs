using System.Globalization;
using ResourceService.FaultyDisk;

namespace ResourceService.Server.Tests.Simulation;

/// <summary>
/// One course of a simulation: every method that changes something, in random order, one call after the other, with kills between; each answer is the
/// model's, and the ledger equals the model.
/// </summary>
internal sealed record Course(int Nodes, int Instances, int StepsUnlessTold, int BetweenComparisons, int BetweenKills, bool DiskFails)
{
    private const string StepsVariable = "RESOURCESERVICE_STEPS";

    /// <summary>Runs it; gives how often each kind of answer was seen, and each fault struck.</summary>
    public async Task<(IReadOnlyDictionary<string, int> Calls, IReadOnlyDictionary<DiskFault, int> Faults)> RunAsync(ITestOutputHelper output)
    {
        var seed = Seed.Choose();
        var steps = int.TryParse(Environment.GetEnvironmentVariable(StepsVariable), NumberStyles.None, CultureInfo.InvariantCulture, out var told)
            ? told
            : StepsUnlessTold;
        output.WriteLine($"{Seed.Describe(seed)}, {steps} steps ({StepsVariable})");
        // Faults have a sequence of their own: what is called does not depend on how often a call is sent.
        await using var service = await SimulatedService.StartAsync(new Random(seed + 1), DiskFails);
        var caller = new FleetCaller(service, new Random(seed), Nodes, Instances);
        var simulator = new Simulator(caller);
        for (var step = 1; step <= steps; step++)
        {
            try
            {
                await simulator.StepAsync();
                if (step % BetweenKills == 0)
                    await service.KillAsync();
                if (step % BetweenComparisons == 0 || step == steps)
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
}
