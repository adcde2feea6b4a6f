using System.Globalization;

namespace ResourceService.Server.Tests.Simulation;

/// <summary>
/// Every method that changes something, in random order on three nodes, one call after the other, with kills between: each answer is the model's, and
/// the ledger equals the model.
/// </summary>
public sealed class WhenEverythingHappensInAnyOrder(ITestOutputHelper output)
{
    private const string StepsVariable = "RESOURCESERVICE_STEPS";
    private const int StepsUnlessTold = 100_000;
    private const int StepsBetweenComparisons = 500;
    private const int StepsBetweenKills = 5_000;

    [Fact]
    public async Task Each_answer_and_the_ledger_are_what_the_plain_books_say()
    {
        var seed = Seed.Choose();
        var steps = int.TryParse(Environment.GetEnvironmentVariable(StepsVariable), NumberStyles.None, CultureInfo.InvariantCulture, out var told) ? told : StepsUnlessTold;
        output.WriteLine($"{Seed.Describe(seed)}, {steps} steps ({StepsVariable})");
        var simulator = new Simulator(seed);
        using var directory = new TemporaryDirectory();
        var service = await ServiceProcess.StartAsync(directory.Path);
        try
        {
            for (var step = 1; step <= steps; step++)
            {
                try
                {
                    await simulator.StepAsync(service.Clients);
                    if (step % StepsBetweenKills == 0)
                    {
                        await service.KillHardAsync();
                        await service.DisposeAsync();
                        service = await ServiceProcess.StartAsync(directory.Path);
                    }

                    if (step % StepsBetweenComparisons == 0)
                        await simulator.CompareAsync(service.Clients);
                }
                catch (Exception cause)
                {
                    Assert.Fail($"Step {step}; {Seed.Describe(seed)}: {cause.Message}");
                }
            }

            await simulator.CompareAsync(service.Clients);
        }
        finally
        {
            await service.DisposeAsync();
        }

        output.WriteLine(string.Join('\n', simulator.Counts.Select(count => $"{count.Value,7} {count.Key}")));
        Assert.True(simulator.Counts.Count > 40, $"only {simulator.Counts.Count} kinds of answers were seen");
    }
}
