using System.Globalization;
using ResourceService.FaultyDisk;

namespace ResourceService.Server.Tests.Simulation;

/// <summary>
/// One course of a simulation: every method that changes something, in random order, one call after the other, with kills between; each answer is the
/// model's, and so are the nodes afterwards; from time to time leases end, and everything that the service holds is compared.
/// </summary>
/// <param name="Nodes">How many nodes there may be.</param>
/// <param name="Instances">How many instances there may be.</param>
/// <param name="StepsUnlessTold">How many calls are made while somebody waits for the tests.</param>
/// <param name="WholeSteps">How many calls are a whole course, in which everything must have been met.</param>
/// <param name="BetweenLooks">After so many calls the nodes are compared.</param>
/// <param name="BetweenComparisons">After so many calls everything is.</param>
/// <param name="BetweenKills">After so many calls the service is killed.</param>
/// <param name="BetweenExpiries">After so many calls some leases end.</param>
/// <param name="DiskFails">Whether the disk fails.</param>
internal sealed record Course(
    int Nodes, int Instances, int StepsUnlessTold, int WholeSteps, int BetweenLooks, int BetweenComparisons, int BetweenKills, int BetweenExpiries, bool DiskFails)
{
    private const string StepsVariable = "RESOURCESERVICE_STEPS";

    // Set to 1 by .ci/run, which has more time.
    private const string WholeVariable = "RESOURCESERVICE_WHOLE_SIMULATIONS";

    // What a whole course must have met, among much else.
    private static readonly string[] _rare =
        ["AuditNode of earlier, each drift: SkippedChangedSince", "AuditNode of earlier, each drift: ClaimCorrected", "lease: of a move ended"];

    /// <summary>Runs it; gives how often each kind of answer was seen, and each fault struck.</summary>
    public async Task<(IReadOnlyDictionary<string, int> Calls, IReadOnlyDictionary<DiskFault, int> Faults)> RunAsync(ITestOutputHelper output)
    {
        var seed = Seed.Choose();
        var steps = int.TryParse(Environment.GetEnvironmentVariable(StepsVariable), NumberStyles.None, CultureInfo.InvariantCulture, out var told)
            ? told
            : Environment.GetEnvironmentVariable(WholeVariable) == "1" ? WholeSteps : StepsUnlessTold;
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
                if (step % BetweenLooks == 0)
                    await simulator.CompareNodesAsync();
                if (step % BetweenKills == 0)
                    await service.KillAsync();
                if (step % BetweenExpiries == 0)
                    await simulator.ExpireAsync();
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
        if (steps >= WholeSteps)
            Assert.Empty(_rare.Except(caller.Counts.Keys));
        return (caller.Counts, service.Faults);
    }
}
