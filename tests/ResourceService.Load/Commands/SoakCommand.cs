using System.CommandLine;
using ResourceService.Load.Reporting;
using ResourceService.Load.Servers;
using ResourceService.Load.Soaking;

namespace ResourceService.Load.Commands;

/// <summary>soak: drives whole lives of instances at half the maximal rate for minutes, with faults and kills, and compares books throughout.</summary>
internal sealed class SoakCommand
{
    private readonly ServerOptions _server = new();
    private readonly OutputOptions _output = new();

    private readonly Option<double> _minutes = Number("--minutes", "How long the paced load lasts; filling and measuring come before.", 10.0);

    private readonly Option<double?> _lastLifeMinutes = new("--last-life-minutes")
    {
        Description = "Minutes at the end without kills, in which memory must be flat. Without it: two fifths of all.",
    };

    private readonly Option<double> _killEvery = Number("--kill-every-seconds", "Seconds of a life of the server, a quarter more or less, until SIGKILL.", 60.0);
    private readonly Option<double> _cutEvery = Number("--cut-every-seconds", "Seconds between two connections cut, a quarter more or less.", 5.0);

    private readonly Option<double> _diskFaultEvery = Number(
        "--disk-fault-every-seconds", "Seconds from one fault of the server's disk to the next, a quarter more or less; 0 for none.", 5.0);

    private readonly Option<double> _abandonShare = Number(
        "--abandon-share", "Share of the calls whose caller leaves after 1 to 6 ms, and asks again.", 0.02);

    private readonly Option<double> _measureSeconds = Number("--measure-seconds", "Seconds in which the maximal rate is measured.", 15.0);
    private readonly Option<double> _rateShare = Number("--rate-share", "Paced rate as a share of the maximal one.", 0.5);
    private readonly Option<int> _nodes = Number("--nodes", "Nodes to register.", 200);
    private readonly Option<int> _instances = Number("--instances", "Instances that live at a time.", 4000);
    private readonly Option<int> _inFlight = Number("--in-flight", "Callers, each with one call at a time and instances of its own.", 64);
    private readonly Option<int> _connections = Number("--connections", "HTTP/2 connections.", 4);
    private readonly Option<int> _retrySeconds = Number(
        "--retry-seconds", "How long a request is sent again, with the same id, before it counts as never answered.", 60);

    private readonly Option<double> _lastLifeGrowth = Number("--memory-growth-percent", "The most that memory may grow within the last life.", 5.0);

    private readonly Option<double> _livesGrowth = Number(
        "--lives-memory-growth-percent", "The most that memory may grow from life to life, at the same age of the process.", 20.0);

    private readonly Option<int?> _seed = new("--seed")
    {
        Description = "Seed of all choices. Without it: another one each time, printed first.",
    };

    public Command Create()
    {
        var command = new Command(
            "soak", "Soaks the server at half its maximal rate with kills, cut connections and impatient callers: nothing lost, nothing leaked, memory flat.");
        Option[] options =
        [
            _minutes, _lastLifeMinutes, _killEvery, _cutEvery, _diskFaultEvery, _abandonShare, _measureSeconds, _rateShare, _nodes, _instances, _inFlight, _connections,
            _retrySeconds, _lastLifeGrowth, _livesGrowth, _seed,
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
        console.Line($"Seed {settings.Seed}.");
        using var disk = settings.DiskFaultEvery is null ? null : new SoakDisk();
        var serverSettings = _server.Read(arguments);
        await using var server = await ServerUnderTest.OpenAsync(
            serverSettings with { Environment = new Dictionary<string, string>([.. serverSettings.Environment, .. disk?.Environment ?? new Dictionary<string, string>()]) }, cancellationToken);
        if (!server.CanRestart)
        {
            throw new InvalidOperationException("A soak needs --server-command: only a server that the tool started can be killed and started again.");
        }
        using var run = new SoakRun(server, disk, settings, cancellationToken);
        var running = run.RunAsync();
        await console.WatchAsync("Soaking", settings.Duration.TotalSeconds, () => run.Elapsed.TotalSeconds, running);
        var report = await running;
        console.Show(SoakText.Create(report));
        foreach (var line in SoakText.Verdict(report))
        {
            console.Line(line);
        }
        await json.WriteAsync(report, cancellationToken);
        return report.Violations.Count == 0 ? ExitCodes.Success : ExitCodes.Failure;
    }

    private SoakSettings ReadSettings(ParseResult arguments)
    {
        var minutes = arguments.GetValue(_minutes);
        return new SoakSettings
        {
            Duration = TimeSpan.FromMinutes(minutes),
            LastLife = TimeSpan.FromMinutes(arguments.GetValue(_lastLifeMinutes) ?? minutes * 2 / 5),
            KillEvery = TimeSpan.FromSeconds(arguments.GetValue(_killEvery)),
            CutEvery = TimeSpan.FromSeconds(arguments.GetValue(_cutEvery)),
            DiskFaultEvery = arguments.GetValue(_diskFaultEvery) is > 0 and var seconds ? TimeSpan.FromSeconds(seconds) : null,
            AbandonShare = arguments.GetValue(_abandonShare),
            Measuring = TimeSpan.FromSeconds(arguments.GetValue(_measureSeconds)),
            RateShare = arguments.GetValue(_rateShare),
            NodeCount = arguments.GetValue(_nodes),
            InstanceCount = arguments.GetValue(_instances),
            CallerCount = arguments.GetValue(_inFlight),
            ConnectionCount = arguments.GetValue(_connections),
            RetryTime = TimeSpan.FromSeconds(arguments.GetValue(_retrySeconds)),
            LastLifeGrowthPercentMax = arguments.GetValue(_lastLifeGrowth),
            LivesGrowthPercentMax = arguments.GetValue(_livesGrowth),
            Seed = arguments.GetValue(_seed) ?? (int)(TimeProvider.System.GetUtcNow().Ticks & int.MaxValue),
        };
    }

    private static Option<T> Number<T>(string name, string description, T defaultValue) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => defaultValue,
    };
}
