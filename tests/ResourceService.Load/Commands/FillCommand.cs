using System.CommandLine;
using ResourceService.Load.Driving;
using ResourceService.Load.Filling;
using ResourceService.Load.Reporting;
using ResourceService.Load.Servers;

namespace ResourceService.Load.Commands;

/// <summary>fill: makes a great many claims, and measures memory and start-up time with them.</summary>
internal sealed class FillCommand
{
    private readonly ServerOptions _server = new();
    private readonly FleetOptions _fleet = new(defaultNodeCount: 10_000, hasPrefill: false);
    private readonly OutputOptions _output = new();

    private readonly Option<int> _claims = new("--claims")
    {
        Description = "Claims to make over StreamClaims. The server should hold none before.",
        DefaultValueFactory = _ => 1_000_000,
    };

    private readonly Option<int> _inFlight = new("--in-flight")
    {
        Description = "Claims outstanding at a time, on all streams together.",
        DefaultValueFactory = _ => 4096,
    };

    private readonly Option<int> _connections = new("--connections")
    {
        Description = "Connections, with one stream each.",
        DefaultValueFactory = _ => 1,
    };

    private readonly Option<bool> _restart = new("--restart")
    {
        Description = "Stop the server (SIGTERM) and start it again, and measure until it serves; needs --server-command.",
    };

    private readonly Option<bool> _kill = new("--kill")
    {
        Description = "With --restart: kill it (SIGKILL) instead of stopping it.",
    };

    public Command Create()
    {
        var command = new Command("fill", "Fills a server with claims as fast as it takes them; reports rate, memory and, with --restart, start-up time.");
        command.Add(_claims);
        command.Add(_inFlight);
        command.Add(_connections);
        command.Add(_restart);
        command.Add(_kill);
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
        var fleet = _fleet.Read(arguments);
        var settings = new FillSettings
        {
            ClaimCount = arguments.GetValue(_claims),
            InFlight = arguments.GetValue(_inFlight),
            Connections = arguments.GetValue(_connections),
            Seed = _fleet.ReadSeed(arguments),
            Restart = arguments.GetValue(_restart),
            KillBeforeRestart = arguments.GetValue(_kill),
        };
        await using var server = await ServerUnderTest.OpenAsync(_server.Read(arguments), cancellationToken);
        if (settings.Restart && !server.CanRestart)
        {
            throw new InvalidOperationException("--restart needs --server-command: only a server that the tool started can be started again.");
        }
        using var session = new DriveSession(server, metricsUrl: null, emptyService: "", fleet, console);
        var report = await new FillRun(session, server, console).RunAsync(settings, fleet.NodeCount, cancellationToken);
        console.Show(FillText.Create(report));
        await json.WriteAsync(report, cancellationToken);
        return report.IsComplete(settings.ClaimCount) ? ExitCodes.Success : ExitCodes.Failure;
    }
}
