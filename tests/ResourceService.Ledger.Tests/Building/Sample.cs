using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Nodes;

namespace ResourceService.Ledger.Tests.Building;

/// <summary>Plain values of the ledger's types; a test names only what it is about.</summary>
internal static class Sample
{
    public const string NodeName = "node-1";

    public static readonly Instant Now = new(1_790_000_000_000);
    public static readonly TimeSpan Lease = TimeSpan.FromMinutes(10);
    public static readonly Instant LeaseEnd = Now.Add(Lease);

    /// <summary>8 VCPU and 16384 MEMORY_MB, promised once.</summary>
    public static NodeSpec Spec(string name = NodeName) =>
        Spec(name, (ResourceClass.Vcpu, Inventory(8)), (ResourceClass.MemoryMb, Inventory(16_384)));

    public static NodeSpec Spec(string name, params ReadOnlySpan<(ResourceClass Class, Inventory Inventory)> inventories)
    {
        var pairs = new List<KeyValuePair<ResourceClass, Inventory>>();
        foreach (var (resourceClass, inventory) in inventories)
            pairs.Add(KeyValuePair.Create(resourceClass, inventory));
        return NodeSpec.Unknown(new NodeId(name)) with { Inventories = InventoryTable.From(pairs) };
    }

    public static Inventory Inventory(
        long total, long reserved = 0, double ratio = 1.0, long minUnit = 1, long maxUnit = long.MaxValue, long stepSize = 1) =>
        new(total, reserved, ratio, minUnit, maxUnit, stepSize);

    public static ResourceAmounts Amounts(long vcpus, long memoryMb) =>
        Amounts((ResourceClass.Vcpu, vcpus), (ResourceClass.MemoryMb, memoryMb));

    public static ResourceAmounts Amounts(params ReadOnlySpan<(ResourceClass Class, long Amount)> amounts)
    {
        var items = new List<ResourceAmount>();
        foreach (var (resourceClass, amount) in amounts)
            items.Add(new ResourceAmount(resourceClass, amount));
        return ResourceAmounts.From(items);
    }

    public static ResourceRequest Request(ResourceAmounts amounts) => ResourceRequest.Of(amounts);

    public static Instance Instance(string id) => new(new InstanceId(id), "project-1", "", "", "", "", "");

    public static Claim HeldClaim(ClaimId id, Instance instance, ResourceAmounts amounts, Instant? leaseEnd = null) =>
        new(id, instance, ResourceRequest.Of(amounts), ClaimState.Held, leaseEnd ?? LeaseEnd, Now, Now, "");
}
