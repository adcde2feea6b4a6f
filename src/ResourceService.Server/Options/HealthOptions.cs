namespace ResourceService.Server.Options;

/// <summary>Where probes ask that speak no TLS. Configuration section <c>Health</c>.</summary>
public sealed class HealthOptions
{
    /// <summary>
    /// The port of an address without TLS that serves <c>grpc.health.v1.Health</c> and nothing else, on the addresses of <c>urls</c>; 0 (default)
    /// is none. 0 to 65,535.
    /// </summary>
    public int Port { get; set; }
}
