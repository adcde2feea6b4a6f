using ResourceService.Load.Servers;
using ResourceService.V1;

namespace ResourceService.Load.Checking;

/// <summary>Carries out checkpoints and collects what they find.</summary>
internal sealed class LedgerCheck(
    LedgerListing listing, AuditService.AuditServiceClient audits, RetryingCalls calls, Func<IReadOnlyList<AcknowledgedClaim>> acknowledged)
{
    public int PassedCount { get; private set; }

    public string LastVerification { get; private set; } = "not asked";

    /// <summary>Must run while nothing is in flight. Returns what disagrees.</summary>
    public async Task<IReadOnlyList<string>> RunAsync(string when, bool verify)
    {
        var (nodes, _) = await listing.NodesAsync();
        var claims = await listing.LiveClaimsAsync();
        var disagreements = Checkpoint.Compare(nodes, claims, acknowledged()).ToList();
        if (verify)
        {
            var verification = await calls.CallAsync(options => audits.VerifyLedgerAsync(new VerifyLedgerRequest(), options));
            LastVerification = $"{verification.NodeCount} nodes, {verification.ClaimCount} claims, {verification.DifferenceCount} differences";
            disagreements.AddRange(verification.Differences.Select(difference => $"VerifyLedger: {difference.NodeId}: {difference.Detail}"));
            if (verification.DifferenceCount > 0 && verification.Differences.Count == 0)
            {
                disagreements.Add($"VerifyLedger: {LastVerification}");
            }
        }
        PassedCount += disagreements.Count == 0 ? 1 : 0;
        return [.. disagreements.Select(disagreement => $"{when}: {disagreement}")];
    }
}
