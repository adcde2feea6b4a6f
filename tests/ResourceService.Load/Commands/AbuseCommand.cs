using System.CommandLine;
using ResourceService.Load.Abusing;
using ResourceService.Load.Driving;
using ResourceService.Load.Reporting;
using ResourceService.Load.Servers;
using ResourceService.Load.Wire;

namespace ResourceService.Load.Commands;

/// <summary>abuse: what one address that means harm does to a healthy caller, and what is left of it.</summary>
internal sealed class AbuseCommand
{
    private readonly ServerOptions _server = new();
    private readonly FleetOptions _fleet = new(defaultNodeCount: 30_000, hasPrefill: false);
    private readonly OutputOptions _output = new();

    private readonly Option<double> _seconds = new("--seconds")
    {
        Description = "How long the healthy caller runs alone, and then beside each kind of abuse.",
        DefaultValueFactory = _ => 30,
    };

    private readonly Option<double> _restSeconds = new("--rest-seconds")
    {
        Description = "How long the server has after each kind to come to rest, 10 at least.",
        DefaultValueFactory = _ => 120,
    };

    private readonly Option<double> _rate = new("--rate")
    {
        Description = "Calls per second of the healthy caller.",
        DefaultValueFactory = _ => 200,
    };

    private readonly Option<string[]> _kinds = CommaList.Create<string>(
        "--kinds", "Kinds of abuse.", string.Join(',', AbuseKind.All.Select(kind => kind.Name)));

    private readonly Option<string> _from = new("--from")
    {
        Description = "Address of this machine that the abuse comes from.",
        DefaultValueFactory = _ => "127.0.0.1",
    };

    private readonly Option<string> _healthyFrom = new("--healthy-from")
    {
        Description = "Address of this machine that the healthy caller comes from. The same as the abuser's shows how far one caller can harm itself.",
        DefaultValueFactory = _ => "127.0.0.2",
    };

    public Command Create()
    {
        var command = new Command("abuse", "Abuses a server from one address in several ways, beside a healthy caller, and measures both. On this machine alone.");
        command.Add(_seconds);
        command.Add(_restSeconds);
        command.Add(_rate);
        command.Add(_kinds);
        command.Add(_from);
        command.Add(_healthyFrom);
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
        var serverSettings = _server.Read(arguments);
        if (!serverSettings.Address.IsLoopback || serverSettings.Address.Scheme != Uri.UriSchemeHttp)
        {
            throw new InvalidOperationException("Abuse goes to this machine alone, without TLS: --address http://127.0.0.1:PORT.");
        }
        var settings = new AbuseSettings
        {
            Kinds = [.. arguments.GetRequiredValue(_kinds).Select(Find)],
            Duration = TimeSpan.FromSeconds(arguments.GetValue(_seconds)),
            Rest = TimeSpan.FromSeconds(arguments.GetValue(_restSeconds)),
            Rate = arguments.GetValue(_rate),
            AbuseFrom = arguments.GetRequiredValue(_from),
            HealthyFrom = arguments.GetRequiredValue(_healthyFrom),
        };
        await using var server = await ServerUnderTest.OpenAsync(serverSettings, cancellationToken);
        using var session = new DriveSession(server, metricsUrl: null, emptyService: "", fleet, console);
        await session.PrepareAsync(connectionCount: 1, cancellationToken);
        using var healthy = new HealthyCaller(server.Address, settings.HealthyFrom, new NodeNames(fleet.NodePrefix, fleet.NodeCount), settings.Rate);
        var report = await new AbuseRun(server, healthy, settings, console).RunAsync(cancellationToken);
        console.Show(AbuseText.Create(report));
        foreach (var excess in report.Excesses())
        {
            console.Line(excess);
        }
        await json.WriteAsync(report, cancellationToken);
        return report.Excesses().Count == 0 ? ExitCodes.Success : ExitCodes.Failure;
    }

    private static AbuseKind Find(string name) =>
        AbuseKind.All.SingleOrDefault(kind => kind.Name == name) ?? throw new FormatException($"--kinds does not know '{name}'.");
}
