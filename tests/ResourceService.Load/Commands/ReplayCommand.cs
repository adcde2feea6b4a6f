using System.CommandLine;
using System.Globalization;
using ResourceService.Load.Replay;
using ResourceService.Load.Reporting;
using ResourceService.Load.Servers;
using ResourceService.V1;

namespace ResourceService.Load.Commands;

/// <summary>replay: runs a real fleet's requests in time order, with checkpoints, and if asked with kills of the server in between.</summary>
internal sealed class ReplayCommand
{
    private const string NoSpeed = "as-fast-as-possible";

    private readonly ServerOptions _server = new();
    private readonly OutputOptions _output = new();

    private readonly Option<FileInfo> _nodes = new("--nodes")
    {
        Description = "CSV of the nodes: sn,cpu_milli,memory_mib,gpu,model.",
        Required = true,
    };

    private readonly Option<FileInfo> _requests = new("--requests")
    {
        Description = "CSV of the requests: name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,creation_time,deletion_time; other columns are ignored. "
            + "Of several models in gpu_spec (A|B) each is tried in turn.",
        Required = true,
    };

    private readonly Option<string> _speed = new("--speed")
    {
        Description = $"Seconds of the trace that pass in a second, or {NoSpeed}.",
        DefaultValueFactory = _ => NoSpeed,
    };

    private readonly Option<int> _inFlight = new("--in-flight")
    {
        Description = "Steps that may run at the same time, of those that have the same time.",
        DefaultValueFactory = _ => 16,
    };

    private readonly Option<long> _window = new("--window-seconds")
    {
        Description = "Seconds of the trace that count as the same time. 0 keeps the order of the trace exactly.",
        DefaultValueFactory = _ => 0,
    };

    private readonly Option<bool> _withoutReleases = new("--without-releases")
    {
        Description = "Release nothing: the fleet fills up, until what comes is refused.",
    };

    private readonly Option<int> _checkpointEvery = new("--checkpoint-every")
    {
        Description = "Steps between two checkpoints.",
        DefaultValueFactory = _ => 1000,
    };

    private readonly Option<PlacementStrategy> _strategy = new("--strategy")
    {
        Description = "Which node is best: pack or spread.",
        HelpName = "pack|spread",
        DefaultValueFactory = _ => PlacementStrategy.Spread,
    };

    private readonly Option<bool> _verify = new("--verify")
    {
        Description = "Ask VerifyLedger at every checkpoint, and not only after kills and at the end.",
        DefaultValueFactory = _ => true,
    };

    private readonly Option<int> _seed = new("--seed")
    {
        Description = "Seed of the request ids.",
        DefaultValueFactory = _ => 1,
    };

    private readonly Option<int> _retrySeconds = new("--retry-seconds")
    {
        Description = "How long a request is sent again, with the same id, to a server that is not available.",
        DefaultValueFactory = _ => 60,
    };

    private readonly Option<int[]> _killAfter = CommaList.Create<int>(
        "--kill-after", "Kill the server (SIGKILL) after these numbers of answered steps and start it again; needs --server-command.", "none");

    public Command Create()
    {
        var command = new Command("replay", "Replays a fleet and its requests in time order and checks that the ledger agrees with every answer.");
        Option[] options =
        [
            _nodes, _requests, _speed, _inFlight, _window, _withoutReleases, _checkpointEvery, _strategy, _verify, _seed, _retrySeconds, _killAfter,
        ];
        foreach (var option in options)
        {
            command.Add(option);
        }
        _server.AddTo(command);
        _output.AddTo(command);
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var json = _output.Read(arguments);
        var console = new LoadConsole(json.TakesStandardOutput);
        var settings = ReadSettings(arguments);
        var nodes = TraceFile.Read<NodeRow>(arguments.GetRequiredValue(_nodes).FullName);
        var requests = TraceFile.Read<RequestRow>(arguments.GetRequiredValue(_requests).FullName);
        var plan = ReplayPlan.Create(requests, settings.WindowSeconds, withReleases: !arguments.GetValue(_withoutReleases));

        await using var server = await ServerUnderTest.OpenAsync(_server.Read(arguments), cancellationToken);
        if (settings.KillAfter.Count > 0 && !server.CanRestart)
        {
            throw new InvalidOperationException("--kill-after needs --server-command: only a server that the tool started can be killed and started again.");
        }
        using var channel = LoadChannels.Open(server.Address);
        var run = new ReplayRun(channel, server, nodes, plan, settings, cancellationToken);
        var running = run.RunAsync();
        await console.WatchAsync($"Replaying {plan.StepCount:N0} steps", plan.StepCount, () => run.StepsAnswered, running);
        var report = await running;
        console.Show(ReplayText.Create(report));
        foreach (var line in ReplayText.Verdict(report))
        {
            console.Line(line);
        }
        await json.WriteAsync(report, cancellationToken);
        return report.Disagreements.Count == 0 ? ExitCodes.Success : ExitCodes.Failure;
    }

    private ReplaySettings ReadSettings(ParseResult arguments) => new()
    {
        Strategy = arguments.GetValue(_strategy),
        InFlight = arguments.GetValue(_inFlight),
        Speed = arguments.GetValue(_speed) is { } speed and not NoSpeed ? double.Parse(speed, CultureInfo.InvariantCulture) : null,
        WindowSeconds = arguments.GetValue(_window),
        CheckpointEvery = arguments.GetValue(_checkpointEvery),
        VerifyAlways = arguments.GetValue(_verify),
        Seed = arguments.GetValue(_seed),
        RetryTime = TimeSpan.FromSeconds(arguments.GetValue(_retrySeconds)),
        KillAfter = arguments.GetRequiredValue(_killAfter),
    };
}
