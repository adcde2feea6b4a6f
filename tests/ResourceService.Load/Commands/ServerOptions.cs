using System.CommandLine;
using ResourceService.Load.Servers;

namespace ResourceService.Load.Commands;

/// <summary>Options of every command: which server, and how to start it.</summary>
internal sealed class ServerOptions
{
    private readonly Option<Uri?> _address = UriOption.Create("--address", "Address of the server: HTTP/2, with TLS for https.", "http://127.0.0.1:5080");

    private readonly Option<string?> _command = new("--server-command")
    {
        Description = "Command that starts the server, split as a shell would; {data} becomes a new directory in TMPDIR. "
            + "Without it the server must run already.",
    };

    private readonly Option<string[]> _environment = new("--server-environment")
    {
        Description = "Environment variable of the started server; may be given more than once.",
        HelpName = "NAME=VALUE",
        DefaultValueFactory = _ => [],
    };

    private readonly Option<int?> _processId = new("--server-pid")
    {
        Description = "Process of a running server, to read its CPU time and memory. Known by itself with --server-command.",
    };

    private readonly Option<string> _healthService = new("--health-service")
    {
        Description = "gRPC health service that must say SERVING before the work begins.",
        DefaultValueFactory = _ => "readiness",
    };

    private readonly Option<int> _startSeconds = new("--start-seconds")
    {
        Description = "Longest time that the server may take to serve.",
        DefaultValueFactory = _ => 60,
    };

    private readonly Option<Uri?> _metricsUrl = UriOption.Create(
        "--metrics-url", "Prometheus page of the server, for commits and claims per commit. Without it they are n/a.");

    private readonly Option<string?> _trust = new("--trust")
    {
        Description = "Authorities of the server's certificate, PEM, for an https address.",
    };

    private readonly Option<string?> _certificate = new("--certificate")
    {
        Description = "The tool's own certificate and its key in one PEM file, for mutual TLS; needs --trust.",
    };

    private readonly Option<string?> _token = new("--token")
    {
        Description = "File of a bearer token that every call carries.",
    };

    private readonly Option<bool> _keepData = new("--keep-data")
    {
        Description = "Keep the directory that was made for {data}.",
    };

    public void AddTo(Command command)
    {
        command.Add(_address);
        command.Add(_command);
        command.Add(_environment);
        command.Add(_processId);
        command.Add(_healthService);
        command.Add(_startSeconds);
        command.Add(_metricsUrl);
        command.Add(_trust);
        command.Add(_certificate);
        command.Add(_token);
        command.Add(_keepData);
    }

    public ServerSettings Read(ParseResult arguments)
    {
        LoadCredentials.Read(arguments.GetValue(_trust), arguments.GetValue(_certificate), arguments.GetValue(_token));
        return ToSettings(arguments);
    }

    private ServerSettings ToSettings(ParseResult arguments) => new()
    {
        Address = arguments.GetRequiredValue(_address)!,
        Command = arguments.GetValue(_command),
        Environment = arguments.GetRequiredValue(_environment).Select(ParseVariable).ToDictionary(StringComparer.Ordinal),
        ProcessId = arguments.GetValue(_processId),
        HealthService = arguments.GetRequiredValue(_healthService),
        StartTimeout = TimeSpan.FromSeconds(arguments.GetValue(_startSeconds)),
        MetricsUrl = arguments.GetValue(_metricsUrl),
        KeepData = arguments.GetValue(_keepData),
    };

    private static (string Name, string Value) ParseVariable(string text) => text.IndexOf('=') is var at and > 0
        ? (text[..at], text[(at + 1)..])
        : throw new FormatException($"--server-environment takes NAME=VALUE, not '{text}'.");
}
