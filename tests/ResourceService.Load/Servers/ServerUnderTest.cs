using System.Diagnostics;

namespace ResourceService.Load.Servers;

/// <summary>
/// The server that a command drives: one that already runs, or one that the tool starts, kills and starts again on the same data directory.
/// Disposing stops what was started and deletes the data directory that was created for it.
/// </summary>
internal sealed class ServerUnderTest : IAsyncDisposable
{
    private const string DataPlaceholder = "{data}";
    private static readonly TimeSpan _stopTimeout = TimeSpan.FromSeconds(30);

    private readonly ServerSettings _settings;
    private readonly IReadOnlyList<string>? _commandLine;
    private readonly IReadOnlyDictionary<string, string> _environment;
    private readonly string? _allocationsFile;
    private readonly HealthProbe _health;
    private ServerProcess? _process;

    private ServerUnderTest(ServerSettings settings)
    {
        _settings = settings;
        _environment = settings.Environment;
        _health = new HealthProbe(settings.Address, settings.HealthService);
        if (settings.CountsAllocations)
        {
            _allocationsFile = Path.GetTempFileName();
            _environment = new Dictionary<string, string>(settings.Environment)
            {
                ["DOTNET_STARTUP_HOOKS"] = typeof(StartupHook).Assembly.Location,
                [StartupHook.FileVariable] = _allocationsFile,
            };
        }
        if (settings.Command is null)
        {
            return;
        }
        if (settings.Command.Contains(DataPlaceholder, StringComparison.Ordinal))
        {
            DataDirectory = Directory.CreateTempSubdirectory("resource-service-load-").FullName;
        }
        var arguments = CommandLineSplitter.Split(settings.Command);
        _commandLine = [.. arguments.Select(argument => argument.Replace(DataPlaceholder, DataDirectory, StringComparison.Ordinal))];
    }

    public Uri Address => _settings.Address;

    /// <summary>The data directory that the tool created, or null.</summary>
    public string? DataDirectory { get; }

    /// <summary>Process of the server, or null when it is not known.</summary>
    public int? ProcessId => _process is { HasExited: false } ? _process.Id : _settings.ProcessId;

    /// <summary>Bytes that the server has allocated so far, or null when it does not tell.</summary>
    public long? AllocatedBytes => _allocationsFile is null ? null : StartupHook.Read(_allocationsFile);

    /// <summary>The last lines that the started server wrote.</summary>
    public string LastOutput => _process?.LastOutput() ?? "";

    public bool CanRestart => _commandLine is not null;

    /// <summary>Connects to the server, starting it if a command was given, and returns once it serves.</summary>
    public static async Task<ServerUnderTest> OpenAsync(ServerSettings settings, CancellationToken cancellationToken)
    {
        var server = new ServerUnderTest(settings);
        try
        {
            if (server.CanRestart)
            {
                await server.StartAsync(cancellationToken);
            }
            else
            {
                await server._health.WaitServingAsync(settings.StartTimeout, hasExited: null, cancellationToken);
            }
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the server and returns the time from the start of the process until it says that it serves.</summary>
    public async Task<TimeSpan> StartAsync(CancellationToken cancellationToken)
    {
        if (await _health.IsServingAsync(cancellationToken))
        {
            throw new InvalidOperationException($"Another server already answers on {Address}; stop it, or leave out --server-command.");
        }
        var process = ServerProcess.Start(
            _commandLine ?? throw new InvalidOperationException("Only a server with --server-command can be started."),
            _environment);
        _process?.Dispose();
        _process = process;
        try
        {
            await _health.WaitServingAsync(_settings.StartTimeout, () => process.HasExited, cancellationToken);
        }
        catch (TimeoutException e)
        {
            // Its output is complete only once it has ended.
            await process.KillAsync();
            throw new TimeoutException($"{e.Message} Its last output:{Environment.NewLine}{process.LastOutput()}", e);
        }
        return Stopwatch.GetElapsedTime(process.StartedAt);
    }

    public Task KillAsync() => (_process ?? throw new InvalidOperationException("Only a server with --server-command can be killed.")).KillAsync();

    /// <summary>Stops the server in an orderly way and returns its exit code.</summary>
    public Task<int> StopAsync() =>
        (_process ?? throw new InvalidOperationException("Only a server with --server-command can be stopped.")).StopAsync(_stopTimeout);

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.StopAsync(_stopTimeout);
            _process.Dispose();
        }
        _health.Dispose();
        if (_allocationsFile is not null)
        {
            File.Delete(_allocationsFile);
        }
        if (DataDirectory is not null && !_settings.KeepData)
        {
            Directory.Delete(DataDirectory, recursive: true);
        }
    }
}
