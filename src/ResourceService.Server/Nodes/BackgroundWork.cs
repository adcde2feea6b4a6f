using ResourceService.Server.Telemetry;

namespace ResourceService.Server.Nodes;

/// <summary>
/// What the service does by itself, on timers. Nobody waits for it, and an error that leaves a timer ends the process: so each error is logged and
/// counted here, and the next tick tries again.
/// </summary>
internal sealed class BackgroundWork(ServiceMetrics metrics, ILogger<BackgroundWork> logger)
{
    /// <summary>Does it; never throws. False when it ended with an error.</summary>
    public bool Run(BackgroundTask task, Action work)
    {
        try
        {
            work();
            return true;
        }
        catch (Exception failure)
        {
            // Whatever it is: see above.
            metrics.BackgroundFailed(task);
            logger.BackgroundFailed(task, failure);
            return false;
        }
    }
}
