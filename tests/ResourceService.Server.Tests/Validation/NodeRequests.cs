using Google.Protobuf.WellKnownTypes;
using static ResourceService.Server.Tests.Validation.BadFields;

namespace ResourceService.Server.Tests.Validation;

/// <summary>Every rule of NodeService's requests, broken once.</summary>
internal static class NodeRequests
{
    // What names no field of Node: other writings, what is inside lists, maps and plain values, and several at once.
    private static readonly string[] _noPaths =
        ["nodeId", "no_field", "", "usage.VCPU", "devices.address", "node_id.x", "statistics.", "statistics.no_field", "usage,node_id"];

    public static IEnumerable<BadField> Rows =>
    [
        .. Of(
            () => Requests.Node("node-1"),
            RequiredId<RegisterNodeRequest>("node_id", (request, id) => request.NodeId = id),
            Inventories(),
            Traits<RegisterNodeRequest>("traits", 1000, request => request.Traits),
            Labels<RegisterNodeRequest>("labels", request => request.Labels),
            RequestId<RegisterNodeRequest>((request, id) => request.RequestId = id),
            Number<RegisterNodeRequest>("expected_generation", (request, value) => request.ExpectedGeneration = value, -1)),
        .. Of(
            () => new UpdateNodeRequest { NodeId = "node-1", Owner = "ops", Inventories = { ["VCPU"] = new InventoryFields { Total = 8 } } },
            RequiredId<UpdateNodeRequest>("node_id", (request, id) => request.NodeId = id),
            RequiredId<UpdateNodeRequest>("owner", (request, owner) => request.Owner = owner),
            Fields(),
            Traits<UpdateNodeRequest>("traits", 1000, request => request.Traits),
            Labels<UpdateNodeRequest>("labels", request => request.Labels),
            RequestId<UpdateNodeRequest>((request, id) => request.RequestId = id),
            Number<UpdateNodeRequest>("expected_generation", (request, value) => request.ExpectedGeneration = value, -1)),
        .. Of(
            () => new GetNodeRequest { NodeId = "node-1" },
            RequiredId<GetNodeRequest>("node_id", (request, id) => request.NodeId = id),
            ReadMask<GetNodeRequest>((request, mask) => request.ReadMask = mask)),
        .. Of(
            () => new ListNodesRequest { Filter = new NodeFilter() },
            Filter<ListNodesRequest>("filter", request => request.Filter),
            One<ListNodesRequest>("detail", "unknown", request => request.Detail = (NodeDetail)99),
            Usage(),
            Order(),
            ReadMask<ListNodesRequest>((request, mask) => request.ReadMask = mask),
            PageSize<ListNodesRequest>((request, size) => request.PageSize = size)),
        .. Of(() => new GetFleetSummaryRequest { Filter = new NodeFilter() }, Filter<GetFleetSummaryRequest>("filter", request => request.Filter)),
        .. Of(
            () => new SetNodeStateRequest { NodeId = "node-1", State = NodeState.Disabled },
            RequiredId<SetNodeStateRequest>("node_id", (request, id) => request.NodeId = id),
            One<SetNodeStateRequest>("state", "missing", request => request.State = NodeState.Unspecified),
            One<SetNodeStateRequest>("state", "unknown", request => request.State = (NodeState)99),
            Text<SetNodeStateRequest>("reason", 1024, (request, text) => request.Reason = text),
            RequestId<SetNodeStateRequest>((request, id) => request.RequestId = id),
            Number<SetNodeStateRequest>("expected_generation", (request, value) => request.ExpectedGeneration = value, -1)),
        .. Of(
            () => new RenameNodeRequest { NodeId = "node-1", NewNodeId = "node-2" },
            RequiredId<RenameNodeRequest>("node_id", (request, id) => request.NodeId = id),
            RequiredId<RenameNodeRequest>("new_node_id", (request, id) => request.NewNodeId = id),
            One<RenameNodeRequest>("new_node_id", "that the node has", request => request.NewNodeId = request.NodeId),
            Text<RenameNodeRequest>("reason", 1024, (request, text) => request.Reason = text),
            RequestId<RenameNodeRequest>((request, id) => request.RequestId = id),
            Number<RenameNodeRequest>("expected_generation", (request, value) => request.ExpectedGeneration = value, -1)),
        .. Of(
            () => new DeleteNodeRequest { NodeId = "node-1" },
            RequiredId<DeleteNodeRequest>("node_id", (request, id) => request.NodeId = id),
            Text<DeleteNodeRequest>("reason", 1024, (request, text) => request.Reason = text),
            RequestId<DeleteNodeRequest>((request, id) => request.RequestId = id),
            Number<DeleteNodeRequest>("expected_generation", (request, value) => request.ExpectedGeneration = value, -1)),
        .. Of(
            () => new FindCandidatesRequest { Resources = Requests.Resources(), Filter = new NodeFilter() },
            Resources<FindCandidatesRequest>("resources", (request, value) => request.Resources = value, request => request.Resources),
            One<FindCandidatesRequest>("strategy", "unknown", request => request.Strategy = (PlacementStrategy)99),
            Number<FindCandidatesRequest>("limit", (request, value) => request.Limit = (int)value, -1, 1001),
            Number<FindCandidatesRequest>("explain_limit", (request, value) => request.ExplainLimit = (int)value, -1, 101),
            Filter<FindCandidatesRequest>("filter", request => request.Filter)),
        .. Of(
            () => new WatchNodesRequest(),
            Number<WatchNodesRequest>("revision", (request, value) => request.Revision = value, -1),
            RequiredId<WatchNodesRequest>("node_ids[0]", (request, id) => request.NodeIds.Add(id)),
            One<WatchNodesRequest>("node_ids", "with 10001 elements", request => request.NodeIds.Add(Enumerable.Repeat("a", 10_001)))),
        .. Of(
            () => new ListUsageSnapshotsRequest { NodeId = "node-1" },
            RequiredId<ListUsageSnapshotsRequest>("node_id", (request, id) => request.NodeId = id),
            TimeRange<ListUsageSnapshotsRequest>((request, time) => request.StartTime = time, (request, time) => request.EndTime = time),
            One<ListUsageSnapshotsRequest>("interval.seconds", "negative", request => request.Interval = new() { Seconds = -1 }),
            One<ListUsageSnapshotsRequest>("interval.nanos", "negative", request => request.Interval = new() { Nanos = -1 }),
            PageSize<ListUsageSnapshotsRequest>((request, size) => request.PageSize = size)),
    ];

    private static IEnumerable<Break<ListNodesRequest>> Usage() =>
    [
        .. One<ListNodesRequest>("usage", "with 17 elements", request =>
            request.Usage.Add(Enumerable.Repeat(new UsageCondition { ResourceClass = "VCPU" }, 17))),
        .. Condition("resource_class", "missing", condition => condition.ResourceClass = ""),
        .. Condition("resource_class", "unknown", condition => condition.ResourceClass = "vcpu"),
        .. Condition("min_used_ratio", "negative", condition => condition.MinUsedRatio = -0.1),
        .. Condition("min_used_ratio", "no number", condition => condition.MinUsedRatio = double.NaN),
        .. Condition("max_used_ratio", "negative", condition => condition.MaxUsedRatio = -0.1),
        .. Condition("max_used_ratio", "without end", condition => condition.MaxUsedRatio = double.PositiveInfinity),
        .. Condition("max_used_ratio", "below the least", condition => (condition.MinUsedRatio, condition.MaxUsedRatio) = (0.5, 0.4)),
        .. Condition("max_free", "below the least", condition => (condition.MinFree, condition.MaxFree) = (1, 0)),
    ];

    private static IEnumerable<Break<ListNodesRequest>> Condition(string field, string rule, Action<UsageCondition> set) =>
        One<ListNodesRequest>($"usage[0].{field}", rule, request =>
        {
            var condition = new UsageCondition { ResourceClass = "VCPU" };
            set(condition);
            request.Usage.Add(condition);
        });

    private static IEnumerable<Break<ListNodesRequest>> Order() =>
    [
        .. Order("key", "missing", new NodeOrder { ResourceClass = "VCPU" }),
        .. Order("key", "unknown", new NodeOrder { ResourceClass = "VCPU", Key = (NodeOrderKey)99 }),
        .. Order("resource_class", "missing", new NodeOrder { Key = NodeOrderKey.Free }),
        .. Order("resource_class", "unknown", new NodeOrder { Key = NodeOrderKey.UsedRatio, ResourceClass = "vcpu" }),
        .. Order("resource_class", "where it has no meaning", new NodeOrder { Key = NodeOrderKey.ClaimCount, ResourceClass = "VCPU" }),
    ];

    private static IEnumerable<Break<ListNodesRequest>> Order(string field, string rule, NodeOrder order) =>
        One<ListNodesRequest>($"order.{field}", rule, request => request.Order = order);

    private static IEnumerable<Break<T>> ReadMask<T>(Action<T, FieldMask> set) =>
    [
        .. _noPaths.SelectMany(path => One<T>("read_mask", $"with '{path}'", request => set(request, new FieldMask { Paths = { "node_id", path } }))),
        .. One<T>("read_mask", "with 65 elements", request => set(request, new FieldMask { Paths = { Enumerable.Repeat("usage", 65) } })),
    ];

    private static IEnumerable<Break<RegisterNodeRequest>> Inventories() =>
    [
        .. One<RegisterNodeRequest>("inventories", "with an unknown class", request => request.Inventories.Add("vcpu", new Inventory { Total = 1 })),
        .. One<RegisterNodeRequest>("inventories", "with a class of 256 characters",
            request => request.Inventories.Add("CUSTOM_" + new string('A', 249), new Inventory { Total = 1 })),
        .. One<RegisterNodeRequest>("inventories", "with 257 elements", request =>
        {
            for (var i = 0; i < 255; i++)
                request.Inventories.Add($"CUSTOM_{i}", new Inventory { Total = 1 });
        }),
        .. Inventory("total", (inventory, value) => inventory.Total = value, -1, 1L << 31, long.MaxValue),
        .. Inventory("reserved", (inventory, value) => inventory.Reserved = value, -1, 9),
        .. Inventory("min_unit", (inventory, value) => inventory.MinUnit = value, 0, -1, 1L << 31),
        .. Inventory("max_unit", (inventory, value) => inventory.MaxUnit = value, 0, 1L << 31),
        .. Inventory("step_size", (inventory, value) => inventory.StepSize = value, 0, 1L << 31),
        .. new[] { 0, -1, double.NaN, double.PositiveInfinity }.Select(value => new Break<RegisterNodeRequest>(
            "inventories[VCPU].allocation_ratio", $"of {value}", request => request.Inventories["VCPU"].AllocationRatio = value)),
    ];

    private static IEnumerable<Break<UpdateNodeRequest>> Fields() =>
    [
        .. One<UpdateNodeRequest>("inventories", "with an unknown class", request => request.Inventories.Add("vcpu", new InventoryFields { Total = 1 })),
        .. One<UpdateNodeRequest>("inventories", "with 257 elements", request =>
        {
            for (var i = 0; i < 256; i++)
                request.Inventories.Add($"CUSTOM_{i}", new InventoryFields { Total = 1 });
        }),
        .. One<UpdateNodeRequest>("inventories[VCPU]", "setting nothing", request => request.Inventories["VCPU"] = new InventoryFields()),
        .. Field("total", (fields, value) => fields.Total = value, -1, 1L << 31),
        .. Field("reserved", (fields, value) => fields.Reserved = value, -1, 9),
        .. One<UpdateNodeRequest>("inventories[VCPU].reserved", "above any total",
            request => request.Inventories["VCPU"] = new InventoryFields { Reserved = 1L << 31 }),
        .. Field("min_unit", (fields, value) => fields.MinUnit = value, 0, 1L << 31),
        .. Field("max_unit", (fields, value) => fields.MaxUnit = value, 0, 1L << 31),
        .. One<UpdateNodeRequest>("inventories[VCPU].max_unit", "below min_unit",
            request => request.Inventories["VCPU"] = new InventoryFields { MinUnit = 3, MaxUnit = 2 }),
        .. Field("step_size", (fields, value) => fields.StepSize = value, 0, 1L << 31),
        .. new[] { 0, -1, double.NaN, double.PositiveInfinity }.Select(value => new Break<UpdateNodeRequest>(
            "inventories[VCPU].allocation_ratio", $"of {value}", request => request.Inventories["VCPU"].AllocationRatio = value)),
    ];

    private static IEnumerable<Break<UpdateNodeRequest>> Field(string field, Action<InventoryFields, long> set, params long[] bad) =>
        Number<UpdateNodeRequest>($"inventories[VCPU].{field}", (request, value) => set(request.Inventories["VCPU"], value), bad);

    private static IEnumerable<Break<RegisterNodeRequest>> Inventory(string field, Action<Inventory, long> set, params long[] bad) =>
        Number<RegisterNodeRequest>($"inventories[VCPU].{field}", (request, value) => set(request.Inventories["VCPU"], value), bad);
}
