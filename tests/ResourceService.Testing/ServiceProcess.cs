using System.Diagnostics;
using System.Reflection;
using Grpc.Health.V1;

namespace ResourceService.Testing;

/// <summary>
/// The real server in a process of its own, on a port of its own choice. A test that owns one may kill it and start another on the same data
/// directory; whatever happens in the test, no process is left behind.
/// </summary>
public sealed class ServiceProcess : IAsyncDisposable
{
    private const string ListeningMark = "Listening on ";

    private readonly Process _process;
    private readonly TaskCompletionSource<Uri> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ServiceClients? _clients;

    private ServiceProcess(string dataDirectory, IEnumerable<string> settings, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            ArgumentList = { ServerPath, "--urls", "http://127.0.0.1:0", $"--Storage:DataDirectory={dataDirectory}" },
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var setting in settings)
            start.ArgumentList.Add(setting);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, output) => Note(output.Data);
        _process.ErrorDataReceived += (_, output) => Note(output.Data);
        _process.Exited += (_, _) => _listening.TrySetException(new InvalidOperationException($"The service ended while it started:\n{Log}"));
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The server's program, built with the tests.</summary>
    public static string ServerPath { get; } = Metadata("ServerPath");

    /// <summary>The folder of the contract.</summary>
    public static string ProtosPath { get; } = Metadata("ProtosPath");

    /// <summary>The memory that the service holds, as the operating system counts it.</summary>
    public long WorkingSetBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>What the service wrote.</summary>
    public ServiceLogLines Log { get; } = new();

    /// <summary>Clients of the service.</summary>
    public ServiceClients Clients => _clients ?? throw new InvalidOperationException("The service does not listen.");

    /// <summary>Starts a service and waits until it serves.</summary>
    /// <param name="dataDirectory">Where it keeps its data.</param>
    /// <param name="settings">More settings, such as <c>--Nodes:SnapshotIntervalSeconds=1</c>.</param>
    public static Task<ServiceProcess> StartAsync(string dataDirectory, params string[] settings) =>
        StartAsync(dataDirectory, static address => new ServiceClients(address), settings);

    /// <summary>Starts a service in an environment that is not the test's own.</summary>
    /// <param name="dataDirectory">Where it keeps its data.</param>
    /// <param name="environment">The variables that differ.</param>
    /// <param name="settings">More settings.</param>
    public static Task<ServiceProcess> StartAsync(string dataDirectory, IReadOnlyDictionary<string, string> environment, params string[] settings) =>
        ListeningAsync(new ServiceProcess(dataDirectory, settings, environment), static address => new ServiceClients(address), serves: true);

    /// <summary>Starts a service whose clients need more than its address, such as trust in its certificate.</summary>
    /// <param name="dataDirectory">Where it keeps its data.</param>
    /// <param name="connect">Makes the clients.</param>
    /// <param name="settings">More settings.</param>
    public static Task<ServiceProcess> StartAsync(string dataDirectory, Func<Uri, ServiceClients> connect, params string[] settings)
    {
        ArgumentNullException.ThrowIfNull(connect);
        return ListeningAsync(new ServiceProcess(dataDirectory, settings), connect, serves: true);
    }

    /// <summary>Starts a service that listens, ready or not.</summary>
    /// <param name="dataDirectory">Where it keeps its data.</param>
    /// <param name="settings">More settings.</param>
    public static Task<ServiceProcess> StartListeningAsync(string dataDirectory, params string[] settings) =>
        ListeningAsync(new ServiceProcess(dataDirectory, settings), static address => new ServiceClients(address), serves: false);

    /// <summary>Runs a service that is to end by itself, and tells how.</summary>
    public static Task<(int ExitCode, string Output)> RunToEndAsync(string dataDirectory, params string[] settings) =>
        RunToEndAsync(dataDirectory, new Dictionary<string, string>(), settings);

    /// <summary>Runs a service that is to end by itself, in an environment that is not the test's own, and tells how.</summary>
    public static async Task<(int ExitCode, string Output)> RunToEndAsync(
        string dataDirectory, IReadOnlyDictionary<string, string> environment, params string[] settings)
    {
        await using var service = new ServiceProcess(dataDirectory, settings, environment);
        // Nobody waits for the address of a service that is to end.
        _ = service._listening.Task.ContinueWith(static task => task.Exception, TaskScheduler.Default);
        return (await service.StoppedAsync(), service.Log.ToString());
    }

    /// <summary>Ends the service in the middle of whatever it does, as a power cut would.</summary>
    public async Task KillHardAsync()
    {
        _process.Kill();
        await ExitCodeAsync("the killed service is gone");
    }

    /// <summary>Asks the service to end (SIGTERM) and gives its exit code.</summary>
    public async Task<int> StopGentlyAsync()
    {
        await AskToStopAsync();
        return await StoppedAsync();
    }

    /// <summary>The exit code of a service that was asked to end, or ends by itself.</summary>
    public Task<int> StoppedAsync() => ExitCodeAsync("the service ends");

    /// <summary>Waits until the service says that it can take calls.</summary>
    public Task ServesAsync() => Eventually.HoldsAsync(
        "the service is ready", async () => await Clients.HealthOfAsync("") == HealthCheckResponse.Types.ServingStatus.Serving);

    /// <summary>Asks the service to end (SIGTERM).</summary>
    public async Task AskToStopAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString()]);
        await kill.WaitForExitAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillHardAsync();
        _clients?.Dispose();
        _process.Dispose();
    }

    private static async Task<ServiceProcess> ListeningAsync(ServiceProcess service, Func<Uri, ServiceClients> connect, bool serves)
    {
        try
        {
            service._clients = connect(await Eventually.ArrivesAsync("the service says where it listens", service._listening.Task));
            if (serves)
                await service.ServesAsync();
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    private async Task<int> ExitCodeAsync(string awaited)
    {
        await Eventually.ArrivesAsync(awaited, ExitAsync(), TimeSpan.FromSeconds(30));
        return _process.ExitCode;

        async Task<bool> ExitAsync()
        {
            await _process.WaitForExitAsync();
            return true;
        }
    }

    private void Note(string? line)
    {
        if (line is null)
            return;
        Log.Add(line);
        var mark = line.IndexOf(ListeningMark, StringComparison.Ordinal);
        if (mark >= 0 && Uri.TryCreate(line[(mark + ListeningMark.Length)..].Split('"')[0].Trim(), UriKind.Absolute, out var address))
            _listening.TrySetResult(address);
    }

    private static string Metadata(string key) => Path.GetFullPath(
        typeof(ServiceProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(item => item.Key == key).Value!);
}
