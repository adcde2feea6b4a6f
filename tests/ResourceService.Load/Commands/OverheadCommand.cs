using System.CommandLine;
using ResourceService.Load.Driving;
using ResourceService.Load.Overhead;
using ResourceService.Load.Reporting;

namespace ResourceService.Load.Commands;

/// <summary>overhead: what TLS, identities and telemetry cost a claim, on servers that take turns.</summary>
internal sealed class OverheadCommand
{
    private readonly ServerOptions _server = new();
    private readonly FleetOptions _fleet = new(defaultNodeCount: 1000, hasPrefill: true);
    private readonly OutputOptions _output = new();
    private readonly LoopOptions _loops = new();

    private readonly Option<int> _inFlight = new("--in-flight")
    {
        Description = "Claims outstanding at a time.",
        DefaultValueFactory = _ => 64,
    };

    private readonly Option<double?> _rate = new("--rate")
    {
        Description = "Claims per second. Without it: as many as possible.",
    };

    private readonly Option<int> _rounds = new("--rounds")
    {
        Description = "How often each variant runs.",
        DefaultValueFactory = _ => 10,
    };

    public Command Create()
    {
        var command = new Command("overhead", "Compares what a claim costs with TLS, identities and telemetry switched on, in one run, taking turns.");
        command.Add(_inFlight);
        command.Add(_rate);
        command.Add(_rounds);
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
        var settings = new OverheadSettings
        {
            Server = _server.Read(arguments),
            Drive = _loops.Read(arguments, _fleet.ReadSeed(arguments)) with
            {
                Mode = DriveMode.Unary,
                InFlight = arguments.GetValue(_inFlight),
                Rate = arguments.GetValue(_rate),
            },
            Rounds = arguments.GetValue(_rounds),
        };
        if (settings.Server.Command is null)
        {
            throw new InvalidOperationException("The overhead needs --server-command: each variant is a server of its own.");
        }
        var report = await new OverheadRun(settings, _fleet.Read(arguments), console).RunAsync(OverheadVariant.All, cancellationToken);
        console.Show(OverheadText.Create(report));
        console.Line(OverheadText.Note(report));
        await json.WriteAsync(report, cancellationToken);
        return report.Rows.All(row => row.ErrorCount == 0) ? ExitCodes.Success : ExitCodes.Failure;
    }
}
