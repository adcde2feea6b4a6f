using ResourceService.Server.Options;
using ResourceService.Server.Telemetry;

namespace ResourceService.Server.Security;

/// <summary>Looks at certificates, keys and settings in files now and then, so that new ones need no restart.</summary>
internal sealed class ReloadLoop(
    IEnumerable<IReloadable> sources, OpenStreams streams, SecurityOptions options, TimeProvider time, ILogger<ReloadLoop> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(options.ReloadSeconds), time);
        var failed = new Dictionary<IReloadable, string>();
        // Before the first wait: keys that come from an address are not read at start.
        do
        {
            var hasChanged = false;
            foreach (var source in sources)
                hasChanged |= await ReloadAsync(source, failed, stoppingToken);
            if (hasChanged)
                await streams.TrustChangedAsync();
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

    private async Task<bool> ReloadAsync(IReloadable source, Dictionary<IReloadable, string> failed, CancellationToken stopping)
    {
        try
        {
            var hasChanged = await source.ReloadAsync(stopping);
            if (hasChanged)
                logger.Reloaded(source.Name);
            failed.Remove(source);
            return hasChanged;
        }
        catch (Exception cause) when (!stopping.IsCancellationRequested)
        {
            // Whatever it is, the last good one stays in force; told once, not at every look.
            if (!failed.TryGetValue(source, out var told) || told != cause.Message)
                Tell(source, cause.Message);
            failed[source] = cause.Message;
            return false;
        }
    }
}
