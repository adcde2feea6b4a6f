using System.CommandLine;
using ResourceService.Load.Builds;
using ResourceService.Load.Driving;
using ResourceService.Load.Reporting;
using ResourceService.Load.Servers;

namespace ResourceService.Load.Commands;

/// <summary>
/// compare: drives several modes in turn (A B A B) and reports the medians and their ratio to the empty call; or drives two builds in turn and reports the
/// ratios of the second to the first.
/// </summary>
internal sealed class CompareCommand
{
    private readonly ServerOptions _server = new();
    private readonly FleetOptions _fleet = new(defaultNodeCount: 1000, hasPrefill: true);
    private readonly OutputOptions _output = new();
    private readonly LoopOptions _loops = new();

    private readonly Option<DriveMode[]> _modes = CommaList.CreateNames<DriveMode>("--modes", "Modes that take turns at each level.", "empty,unary");

    private readonly Option<int[]> _inFlight = CommaList.Create<int>("--in-flight", "Levels: calls outstanding at a time.", "1,16,64,256");

    private readonly Option<DriveMode[]> _bulkModes = CommaList.CreateNames<DriveMode>(
        "--bulk-modes", "Modes that run once more, at the two levels below; none: leave out.", "batch,stream");

    private readonly Option<int> _batchesInFlight = new("--batches-in-flight")
    {
        Description = "Batches outstanding at a time.",
        DefaultValueFactory = _ => 8,
    };

    private readonly Option<int> _streamedInFlight = new("--streamed-in-flight")
    {
        Description = "Streamed claims outstanding at a time, on all streams together.",
        DefaultValueFactory = _ => 4096,
    };

    private readonly Option<int> _rounds = new("--rounds")
    {
        Description = "Rounds at each level: A B A B are two.",
        DefaultValueFactory = _ => 2,
    };

    private readonly Option<string?> _probeDirectory = new("--probe-directory")
    {
        Description = "Directory in which to measure one fdatasync; best on the disk of the server's data. Without it: the directory made for {data}.",
    };

    private readonly Option<string?> _otherCommand = new("--other-server-command")
    {
        Description = "Another build, started beside that of --server-command: the two take turns at every mode and level, and their ratios are reported.",
    };

    private readonly Option<Uri?> _otherAddress = UriOption.Create("--other-address", "Where that one listens; needed with it.");

    public Command Create()
    {
        var command = new Command("compare", "Compares unary, batched and streamed claims with empty calls of the same server, in one run, taking turns.");
        command.Add(_modes);
        command.Add(_inFlight);
        command.Add(_bulkModes);
        command.Add(_batchesInFlight);
        command.Add(_streamedInFlight);
        command.Add(_rounds);
        _loops.AddTo(command);
        command.Add(_probeDirectory);
        command.Add(_otherCommand);
        command.Add(_otherAddress);
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
        var serverSettings = _server.Read(arguments);
        if (arguments.GetValue(_otherCommand) is { } otherCommand)
        {
            var address = arguments.GetValue(_otherAddress) ?? throw new FormatException("--other-server-command needs --other-address.");
            var other = serverSettings with { Command = otherCommand, Address = address, ProcessId = null, MetricsUrl = null };
            return await CompareBuildsAsync(arguments, serverSettings, other, json, console, cancellationToken);
        }
        await using var server = await ServerUnderTest.OpenAsync(serverSettings, cancellationToken);
        using var session = new DriveSession(server, serverSettings.MetricsUrl, _loops.ReadEmptyService(arguments), _fleet.Read(arguments), console);
        var report = await new CompareRun(session, server, console).RunAsync(ReadSettings(arguments), arguments.GetValue(_probeDirectory), cancellationToken);
        console.Show(CompareText.Create(report));
        foreach (var note in CompareText.Notes(report))
        {
            console.Line(note);
        }
        await json.WriteAsync(report, cancellationToken);
        return report.Medians.All(row => row.ErrorCount == 0) ? ExitCodes.Success : ExitCodes.Failure;
    }

    private async Task<int> CompareBuildsAsync(
        ParseResult arguments, ServerSettings first, ServerSettings other, JsonOutput json, LoadConsole console, CancellationToken cancellationToken)
    {
        var run = new BuildsRun(ReadSettings(arguments), _fleet.Read(arguments), _loops.ReadEmptyService(arguments), console);
        var report = await run.RunAsync(first, other, cancellationToken);
        console.Show(BuildsText.Create(report));
        console.Line(BuildsText.Note);
        await json.WriteAsync(report, cancellationToken);
        return report.Rows.All(row => row.ErrorCount == 0) ? ExitCodes.Success : ExitCodes.Failure;
    }

    private CompareSettings ReadSettings(ParseResult arguments) => new()
    {
        Modes = arguments.GetRequiredValue(_modes),
        InFlightLevels = arguments.GetRequiredValue(_inFlight),
        BulkModes = arguments.GetRequiredValue(_bulkModes),
        BatchesInFlight = arguments.GetValue(_batchesInFlight),
        StreamedInFlight = arguments.GetValue(_streamedInFlight),
        Rounds = arguments.GetValue(_rounds),
        Drive = _loops.Read(arguments, _fleet.ReadSeed(arguments)),
    };
}
