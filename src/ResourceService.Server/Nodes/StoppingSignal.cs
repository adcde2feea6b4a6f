namespace ResourceService.Server.Nodes;

/// <summary>Tells long calls when the service stops.</summary>
internal sealed class StoppingSignal(IHostApplicationLifetime host)
{
    /// <summary>Ends as soon as the service begins to stop.</summary>
    public CancellationToken Token => host.ApplicationStopping;
}
