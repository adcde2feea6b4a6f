namespace ResourceService.Server.Tests;

/// <summary>A service and its data, for as long as a class or the whole run needs it.</summary>
public abstract class OwnedService(params string[] settings) : IAsyncLifetime
{
    private readonly TemporaryDirectory _directory = new();
    private ServiceProcess? _process;

    public ServiceProcess Process => _process ?? throw new InvalidOperationException("The service was not started.");

    public ServiceClients Clients => Process.Clients;

    public async ValueTask InitializeAsync()
    {
        _process = await ServiceProcess.StartAsync(_directory.Path, settings);
        await FillAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        _directory.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Puts in what the tests of the class find there.</summary>
    protected virtual Task FillAsync() => Task.CompletedTask;
}

/// <summary>A service of one class alone, with the settings that it comes with.</summary>
public sealed class UndisturbedService : OwnedService;
