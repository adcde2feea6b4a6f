using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Claims;

/// <summary>
/// Where inside a node a request goes: NUMA cells, CPUs, pages and devices, together. Cells are tried with the devices in mind, as in Nova's
/// <c>numa_fit_instance_to_host</c>. Pure and deterministic: the same node and request give the same assignment.
/// </summary>
internal static class PlacementFit
{
    /// <summary>Finds the cells and devices; false when there are none.</summary>
    public static bool TryAssign(NodeView node, ResourceRequest request, out Assignment assignment)
    {
        assignment = Assignment.None;
        ValueList<CellAssignment> cells = [];
        if (request.Numa is { } numa && !TryAssignCells(node, request, numa, DevicesOf(node, request), out cells))
            return false;

        ValueList<AssignedDevice> devices = [];
        Span<int> hostCells = stackalloc int[cells.Count];
        FillHostCells(cells, hostCells);
        if (request.Devices.Count > 0 && !DeviceFit.TryAssign(node.Spec, node.DeviceUsage, request.Devices, hostCells, out devices))
            return false;

        assignment = new Assignment(cells, devices);
        return true;
    }

    /// <summary>Adds everything that refuses; something, whenever <see cref="TryAssign"/> finds nothing.</summary>
    public static void Explain(NodeView node, ResourceRequest request, List<RefusedDimension> refused)
    {
        ValueList<CellAssignment> cells = [];
        if (request.Numa is { } numa)
            cells = ExplainCells(node, request, numa, refused);
        if (request.Devices.Count == 0 || refused.Exists(dimension => dimension.Reason == RefusalReason.SearchLimit))
            return;

        // What is missing on the whole node says more than what is missing near the cells.
        var before = refused.Count;
        DeviceFit.Explain(node.Spec, node.DeviceUsage, request.Devices, [], refused);
        if (refused.Count > before || cells.Count == 0)
            return;
        Span<int> hostCells = stackalloc int[cells.Count];
        FillHostCells(cells, hostCells);
        DeviceFit.Explain(node.Spec, node.DeviceUsage, request.Devices, hostCells, refused);
    }

    // The first cells tried, which would do without the devices; none when they are what refuses, or when the search ended.
    private static ValueList<CellAssignment> ExplainCells(NodeView node, ResourceRequest request, NumaRequest numa, List<RefusedDimension> refused)
    {
        if (node.Spec.Numa is not { } host)
        {
            refused.Add(new RefusedDimension(RefusalReason.NumaTopologyMissing, "", numa.Cells.Count, 0, 0));
            return [];
        }

        var devices = DevicesOf(node, request);
        if (TryAssignCells(node, request, numa, devices, out _))
            return [];
        if (devices?.LimitHit is { } limit)
        {
            refused.Add(RefusedDimension.SearchEnded(limit));
            return [];
        }

        if (devices is not null && TryAssignCells(node, request, numa, new AnyCells(), out var cells))
            return cells;
        NumaFit.Explain(host, node.NumaUsage, numa, request.CpuAllocationRatio, request.RamAllocationRatio, refused);
        return [];
    }

    private static DevicesNearCells? DevicesOf(NodeView node, ResourceRequest request) =>
        request.Devices.Count == 0 ? null : new DevicesNearCells(node.Spec, node.DeviceUsage, request.Devices);

    private static bool TryAssignCells(
        NodeView node, ResourceRequest request, NumaRequest numa, CellSelectionTest? devices, out ValueList<CellAssignment> cells)
    {
        cells = [];
        if (node.Spec.Numa is not { } host)
            return false;
        Span<int> freeDevices = stackalloc int[node.Spec.Devices.Count == 0 ? 0 : host.Cells.Count];
        if (freeDevices.Length > 0)
            DeviceFit.CountFreeByCell(node.Spec, node.DeviceUsage, freeDevices);
        return NumaFit.TryAssign(
            host, node.NumaUsage, numa, request.CpuAllocationRatio, request.RamAllocationRatio, freeDevices, devices, out cells);
    }

    // Takes the cells that would be tried first with devices: nearest to those asked for.
    private sealed class AnyCells : CellSelectionTest
    {
        public override bool Accepts(ReadOnlySpan<int> hostCellIds) => true;
    }

    private static void FillHostCells(ValueList<CellAssignment> cells, Span<int> hostCells)
    {
        for (var i = 0; i < cells.Count; i++)
            hostCells[i] = cells[i].HostCellId;
    }
}
