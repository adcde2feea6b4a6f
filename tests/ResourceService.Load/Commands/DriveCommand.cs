using System.CommandLine;
using ResourceService.Load.Driving;
using ResourceService.Load.Reporting;
using ResourceService.Load.Servers;

namespace ResourceService.Load.Commands;

/// <summary>drive: sends one kind of request for some seconds and reports what that cost.</summary>
internal sealed class DriveCommand
{
    private readonly ServerOptions _server = new();
    private readonly FleetOptions _fleet = new(defaultNodeCount: 1000, hasPrefill: true);
    private readonly OutputOptions _output = new();
    private readonly LoopOptions _loops = new();

    private readonly Option<DriveMode> _mode = new("--mode")
    {
        Description = "empty: gRPC health Check; unary: ClaimInstance; batch: ClaimInstances; stream: StreamClaims.",
        DefaultValueFactory = _ => DriveMode.Unary,
    };

    private readonly Option<int> _inFlight = new("--in-flight")
    {
        Description = "Calls, batches or streamed claims outstanding at a time.",
        DefaultValueFactory = _ => 64,
    };

    private readonly Option<double?> _rate = new("--rate")
    {
        Description = "Calls, batches or streamed claims per second. Without it: as many as possible.",
    };

    private readonly Option<int> _watchers = new("--watchers")
    {
        Description = "Watchers of all nodes (WatchNodes) meanwhile, each on a connection of its own.",
    };

    public Command Create()
    {
        var command = new Command("drive", "Drives claims, or empty calls, on random nodes and reports rate, latency, CPU time and memory.");
        command.Add(_mode);
        command.Add(_inFlight);
        command.Add(_rate);
        command.Add(_watchers);
        _loops.AddTo(command);
        _fleet.AddTo(command);
        _server.AddTo(command);
        _output.AddTo(command);
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var json = _output.Read(arguments);
        var console = new LoadConsole(json.TakesStandardOutput);
        await using var server = await ServerUnderTest.OpenAsync(_server.Read(arguments), cancellationToken);
        using var session = new DriveSession(server, _server.Read(arguments).MetricsUrl, _loops.ReadEmptyService(arguments), _fleet.Read(arguments), console);
        var settings = _loops.Read(arguments, _fleet.ReadSeed(arguments)) with
        {
            Mode = arguments.GetValue(_mode),
            InFlight = arguments.GetValue(_inFlight),
            Rate = arguments.GetValue(_rate),
            WatcherCount = arguments.GetValue(_watchers),
        };
        if (settings.Mode != DriveMode.Empty)
        {
            await session.PrepareAsync(settings.Connections, cancellationToken);
        }
        var report = await session.DriveAsync(settings, $"{settings.Mode}, {settings.InFlight} in flight", cancellationToken);
        console.Show(DriveText.Create(report));
        await json.WriteAsync(report, cancellationToken);
        return report.Requests > 0 && report.Errors.Count == 0 ? ExitCodes.Success : ExitCodes.Failure;
    }
}
