using ResourceService.V1;

namespace ResourceService.Load.Wire;

/// <summary>The claim that every request of a drive makes, with placeholders for what differs from request to request.</summary>
internal sealed class ClaimTemplate(NodeNames nodes, IReadOnlyDictionary<string, long> resources, bool anywhere)
{
    // As long as a UUID, and unlike anything else in the message.
    public static readonly string RequestIdPlaceholder = new('\u0001', UuidSource.Length);
    public static readonly string InstanceIdPlaceholder = new('\u0002', UuidSource.Length);

    public NodeNames Nodes { get; } = nodes;

    public IReadOnlyDictionary<string, long> Resources { get; } = resources;

    public ClaimPayload Single(ulong seed) => new(Claim(), Nodes, seed);

    public ClaimPayload Streamed(ulong seed) => new(new StreamClaimsRequest { Request = Claim() }, Nodes, seed);

    public ClaimPayload Batch(int size, ulong seed)
    {
        var batch = new ClaimInstancesRequest { RequestId = RequestIdPlaceholder };
        batch.Requests.AddRange(Enumerable.Range(0, size).Select(_ => Claim()));
        return new ClaimPayload(batch, Nodes, seed);
    }

    private ClaimInstanceRequest Claim()
    {
        var claim = new ClaimInstanceRequest
        {
            RequestId = RequestIdPlaceholder,
            Instance = new Instance { InstanceId = InstanceIdPlaceholder, ProjectId = "load" },
            Resources = new ResourceRequest(),
            NodeId = anywhere ? "" : Nodes.Placeholder,
        };
        foreach (var (resourceClass, amount) in Resources)
        {
            claim.Resources.Resources[resourceClass] = amount;
        }
        return claim;
    }
}
