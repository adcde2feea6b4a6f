using Microsoft.Extensions.Diagnostics.HealthChecks;
using ResourceService.Server.Nodes;

namespace ResourceService.Server.Health;

/// <summary>
/// Readiness: changes can be taken. Not while the store is lost or the service stops. One that is nearly full is served: what frees something must reach it.
/// </summary>
internal sealed class StoreHealthCheck(StoreHealth health, StoppingSignal stop) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(
            stop.Token.IsCancellationRequested ? HealthCheckResult.Unhealthy("stopping")
            : health.LostBecause is { } cause ? HealthCheckResult.Unhealthy($"the store is lost: {cause}")
            : health.NearlyFullBecause is { } reason ? HealthCheckResult.Degraded($"the store is nearly full: {reason}")
            : HealthCheckResult.Healthy());
}
