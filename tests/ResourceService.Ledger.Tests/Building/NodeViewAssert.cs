using ResourceService.Ledger.Nodes;
using Xunit;

namespace ResourceService.Ledger.Tests.Building;

/// <summary>Compares nodes by content, field by field: a picture's own equality compares some fields by reference.</summary>
internal static class NodeViewAssert
{
    public static void Equal(NodeView expected, NodeView actual)
    {
        Assert.Equal(Scalars(expected), Scalars(actual));
        Assert.Equal(expected.Spec, actual.Spec);
        Assert.Equal(expected.Used.ToArray(), actual.Used.ToArray());
        Assert.Equal(expected.NumaUsage, actual.NumaUsage);
        Assert.Equal(expected.DeviceUsage.Owners.ToArray(), actual.DeviceUsage.Owners.ToArray());
        Assert.Equal(expected.Claims.Values, actual.Claims.Values);
        Assert.Equal(expected.Migrations.Values, actual.Migrations.Values);
    }

    private static object Scalars(NodeView node) =>
        (node.NodeKey, node.State, node.StateReason, node.Generation, node.RegisterTime, node.UpdateTime, node.FailedBuilds,
            node.LastAudit, node.LastAuditTime);
}
