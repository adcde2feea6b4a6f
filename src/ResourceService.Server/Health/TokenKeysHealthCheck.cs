using Microsoft.Extensions.Diagnostics.HealthChecks;
using ResourceService.Server.Options;
using ResourceService.Server.Security;

namespace ResourceService.Server.Health;

/// <summary>
/// Readiness: callers can be known. Not before the first keys of their tokens are there; where certificates name callers as well, those are served
/// meanwhile.
/// </summary>
internal sealed class TokenKeysHealthCheck(SecurityOptions security, TokenKeys? keys = null) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(
            security.Mode == SecurityMode.Token && keys is { IsInForce: false }
                ? HealthCheckResult.Unhealthy("the keys of the tokens' issuer are not known yet")
                : HealthCheckResult.Healthy());
}
