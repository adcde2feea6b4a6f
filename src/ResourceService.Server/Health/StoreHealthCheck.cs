using Microsoft.Extensions.Diagnostics.HealthChecks;
using ResourceService.Server.Nodes;

namespace ResourceService.Server.Health;

/// <summary>Readiness: changes can be taken. Not while the store is lost or nearly full, or the service stops.</summary>
internal sealed class StoreHealthCheck(StoreHealth health, StoppingSignal stop) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(
            stop.Token.IsCancellationRequested ? HealthCheckResult.Unhealthy("stopping")
            : health.LostBecause is { } cause ? HealthCheckResult.Unhealthy($"the store is lost: {cause}")
            : health.NearlyFullBecause is { } reason ? HealthCheckResult.Unhealthy($"the store is nearly full: {reason}")
            : HealthCheckResult.Healthy());
}
