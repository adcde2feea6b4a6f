using System.CommandLine;
using ResourceService.Load.Driving;

namespace ResourceService.Load.Commands;

/// <summary>Options that drive and compare share: how long, over how many connections, how large a batch.</summary>
internal sealed class LoopOptions
{
    private readonly Option<double> _seconds = new("--seconds")
    {
        Description = "Seconds that are measured, in each run.",
        DefaultValueFactory = _ => 10,
    };

    private readonly Option<double> _warmupSeconds = new("--warmup-seconds")
    {
        Description = "Seconds before that in which the same is sent but not measured, in each run.",
        DefaultValueFactory = _ => 2,
    };

    private readonly Option<int> _connections = new("--connections")
    {
        Description = "HTTP/2 connections; streams: one on each.",
        DefaultValueFactory = _ => 1,
    };

    private readonly Option<int> _batchSize = new("--batch-size")
    {
        Description = "Claims in each ClaimInstances, 1 to 1000.",
        DefaultValueFactory = _ => 256,
    };

    private readonly Option<string> _emptyService = new("--empty-service")
    {
        Description = "gRPC health service that the empty call asks for.",
        DefaultValueFactory = _ => "liveness",
    };

    public void AddTo(Command command)
    {
        command.Add(_seconds);
        command.Add(_warmupSeconds);
        command.Add(_connections);
        command.Add(_batchSize);
        command.Add(_emptyService);
    }

    public string ReadEmptyService(ParseResult arguments) => arguments.GetRequiredValue(_emptyService);

    /// <summary>The common part of the settings; mode and claims in flight are set by the command.</summary>
    public DriveSettings Read(ParseResult arguments, int seed) => new()
    {
        Mode = DriveMode.Empty,
        InFlight = 1,
        Connections = arguments.GetValue(_connections),
        BatchSize = arguments.GetValue(_batchSize),
        Duration = TimeSpan.FromSeconds(arguments.GetValue(_seconds)),
        Warmup = TimeSpan.FromSeconds(arguments.GetValue(_warmupSeconds)),
        Seed = seed,
    };
}
