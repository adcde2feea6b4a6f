using Google.Protobuf.WellKnownTypes;

namespace ResourceService.Server.Grpc;

/// <summary>Which parts of a node an answer shows.</summary>
internal sealed class NodeParts
{
    private readonly bool _detailed;
    private readonly FieldTree? _named;

    private NodeParts(bool detailed, FieldTree? named = null)
    {
        _detailed = detailed;
        _named = named;
    }

    /// <summary>Everything.</summary>
    public static NodeParts Full { get; } = new(detailed: true);

    /// <summary>
    /// Everything but the owners of CPUs, for answers to changes: those are made by the one reader of the node's queue, and kept for retries.
    /// </summary>
    public static NodeParts Changed { get; } = new(detailed: true) { HaveCpuOwners = false };

    /// <summary>All but the larger parts.</summary>
    public static NodeParts Basic { get; } = new(detailed: false);

    /// <summary>Whether the owner of each CPU is shown, where the use of cells is.</summary>
    public bool HaveCpuOwners { get; private init; } = true;

    /// <summary>What a mask names, in the field <c>read_mask</c>; without one, <paramref name="otherwise"/>.</summary>
    public static NodeParts Read(FieldMask? mask, NodeParts otherwise, FieldViolations violations)
    {
        if (mask is null || mask.Paths.Count == 0)
            return otherwise;
        return FieldTree.Read("read_mask", mask, V1.Node.Descriptor, violations) is { } named ? new NodeParts(detailed: true, named) : Full;
    }

    /// <summary>Whether something of a field is shown.</summary>
    public bool Have(int fieldNumber) => _named?.Names(fieldNumber) ?? (_detailed || !IsDetail(fieldNumber));

    /// <summary>Clears what is not shown.</summary>
    public void Prune(V1.Node node) => _named?.Prune(node);

    private static bool IsDetail(int fieldNumber) => fieldNumber
        is V1.Node.NumaTopologyFieldNumber or V1.Node.NumaUsageFieldNumber or V1.Node.DevicesFieldNumber or V1.Node.StatisticsFieldNumber
        or V1.Node.FieldOwnersFieldNumber;
}
