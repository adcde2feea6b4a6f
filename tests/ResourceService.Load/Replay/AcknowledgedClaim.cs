using ResourceService.V1;

namespace ResourceService.Load.Replay;

/// <summary>A claim that the server said it made: it must be there from then on, whatever happens to the server.</summary>
internal sealed record AcknowledgedClaim(ClaimInstanceRequest Request, string ClaimId, string NodeId)
{
    public string InstanceId => Request.Instance.InstanceId;

    public IReadOnlyDictionary<string, long> Resources { get; } = Request.Resources.Resources.ToDictionary(StringComparer.Ordinal);
}
