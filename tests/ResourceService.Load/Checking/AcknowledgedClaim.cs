using ResourceService.V1;

namespace ResourceService.Load.Checking;

/// <summary>A claim as the server last acknowledged it: so it must be there from then on, whatever happens to the server.</summary>
internal sealed record AcknowledgedClaim(
    string ClaimId, string InstanceId, string NodeId, ClaimState State, IReadOnlyDictionary<string, long> Resources)
{
    /// <summary>Whether the server shows the same.</summary>
    public bool Agrees(Claim shown) =>
        shown.ClaimId == ClaimId && shown.Instance.InstanceId == InstanceId && shown.NodeId == NodeId && shown.State == State
        && shown.Resources.Count == Resources.Count && Resources.All(amount => shown.Resources.GetValueOrDefault(amount.Key) == amount.Value);

    public override string ToString() =>
        $"{ClaimId} of {InstanceId} on {NodeId}, {State}, {string.Join(", ", Resources.Select(amount => $"{amount.Key} {amount.Value}"))}";
}
