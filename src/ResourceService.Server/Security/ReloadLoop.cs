using ResourceService.Server.Options;
using ResourceService.Server.Telemetry;

namespace ResourceService.Server.Security;

/// <summary>Looks at certificates, keys and settings in files now and then, so that new ones need no restart.</summary>
internal sealed class ReloadLoop(IEnumerable<IReloadable> sources, SecurityOptions options, TimeProvider time, ILogger<ReloadLoop> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(options.ReloadSeconds), time);
        var failed = new Dictionary<IReloadable, string>();
        // Before the first wait: keys that come from an address are not read at start.
        do
        {
            foreach (var source in sources)
                await ReloadAsync(source, failed, stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private void Tell(IReloadable source, string cause)
    {
        if (source.IsInForce)
            logger.NotReloaded(source.Name, cause);
        else
            logger.NotLoaded(source.Name, cause);
    }

    private async Task ReloadAsync(IReloadable source, Dictionary<IReloadable, string> failed, CancellationToken stopping)
    {
        try
        {
            if (await source.ReloadAsync(stopping))
                logger.Reloaded(source.Name);
            failed.Remove(source);
        }
        catch (Exception cause) when (!stopping.IsCancellationRequested)
        {
            // Whatever it is, the last good one stays in force; told once, not at every look.
            if (!failed.TryGetValue(source, out var told) || told != cause.Message)
                Tell(source, cause.Message);
            failed[source] = cause.Message;
        }
    }
}
