using ResourceService.V1;

namespace ResourceService.Server.Grpc;

/// <summary>Which calls wait for a turn, and in which line.</summary>
internal sealed class WorkGates
{
    // Half of the cores: the other half is for everything else. Pages and verifications wait apart, as one takes milliseconds and the other seconds.
    private readonly WorkGate _verifications = new(1);

    /// <summary>The gate before pages of lists, other walks over all nodes, and history that a watcher is behind.</summary>
    public WorkGate Pages { get; } = new(Math.Max(1, Environment.ProcessorCount / 2));

    /// <summary>The gate before a call; null when there is none.</summary>
    public WorkGate? Of<TRequest>(TRequest request) =>
        Kind<TRequest>.WalksTheFleet || request is FindCandidatesRequest { ExplainLimit: > 0 } ? Pages
        : Kind<TRequest>.IsVerification ? _verifications
        : null;

    private static class Kind<TRequest>
    {
        public static readonly bool WalksTheFleet =
            typeof(TRequest).GetProperty(nameof(ListNodesRequest.PageSize)) is not null || typeof(TRequest) == typeof(GetFleetSummaryRequest);

        public static readonly bool IsVerification = typeof(TRequest) == typeof(VerifyLedgerRequest);
    }
}
