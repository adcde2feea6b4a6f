using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;

namespace ResourceService.Server.Grpc;

/// <summary>From the ledger's cells, CPUs, pages and devices to the contract's.</summary>
internal static class PlacementMapping
{
    /// <summary>What a claim was given inside its node.</summary>
    public static void AddAssignment(V1.Claim target, Assignment assignment)
    {
        for (var i = 0; i < assignment.Cells.Count; i++)
            target.NumaCells.Add(ToContract(assignment.Cells[i], i));
        foreach (var device in assignment.Devices)
            target.Devices.Add(new V1.AssignedDevice { RequestName = device.RequestName, Address = device.Address });
    }

    /// <summary>A node's cells.</summary>
    public static V1.NumaTopology? Topology(NodeView node) => node.Spec.Numa is { } numa ? ToContract(numa) : null;

    /// <summary>The use of a node's cells, and who owns their CPUs.</summary>
    public static void AddNumaUsage(V1.Node target, NodeView node, bool withOwners)
    {
        if (node.Spec.Numa is not { } numa)
            return;
        var owners = withOwners ? CpuOwner.ByCell(node) : null;
        for (var i = 0; i < numa.Cells.Count; i++)
        {
            var usage = ToContract(numa.Cells[i], node.NumaUsage.Cells[i]);
            if (owners is not null)
                usage.CpuOwners.Add(owners[i].Select(ToContract));
            target.NumaUsage.Add(usage);
        }
    }

    /// <summary>A node's devices with their owners.</summary>
    public static void AddDevices(V1.Node target, NodeView node)
    {
        for (var i = 0; i < node.Spec.Devices.Count; i++)
        {
            var device = ToContract(node.Spec.Devices[i]);
            device.State = ToContract(node.DeviceUsage.StatusOf(i));
            AddOwner(device, node, node.DeviceUsage.Owners[i]);
            target.Devices.Add(device);
        }

        foreach (var claim in node.Claims.Values)
        {
            foreach (var missing in node.DeviceUsage.MissingOf(claim))
            {
                var device = new V1.Device { Address = missing.Address, State = V1.DeviceState.Missing };
                AddOwner(device, node, claim.Id.Sequence);
                target.Devices.Add(device);
            }
        }
    }

    private static V1.CpuOwner ToContract(CpuOwner owner)
    {
        var message = new V1.CpuOwner
        {
            Cpu = owner.Cpu,
            ClaimId = owner.Claim.Id.ToString(),
            InstanceId = owner.Claim.Instance.Id.Value,
            Use = ToContract(owner.Use),
        };
        if (owner.GuestCpu is { } guest)
            message.GuestCpu = guest;
        return message;
    }

    private static V1.CpuUse ToContract(CpuUse use) => use switch
    {
        CpuUse.Vcpu => V1.CpuUse.Vcpu,
        CpuUse.Emulator => V1.CpuUse.Emulator,
        CpuUse.IdleSibling => V1.CpuUse.IdleSibling,
        _ => V1.CpuUse.Unspecified,
    };

    private static V1.DeviceState ToContract(DeviceStatus status) => status switch
    {
        DeviceStatus.Claimed => V1.DeviceState.Claimed,
        DeviceStatus.Blocked => V1.DeviceState.Blocked,
        _ => V1.DeviceState.Free,
    };

    private static void AddOwner(V1.Device device, NodeView node, long owner)
    {
        if (!node.Claims.TryGetValue(owner, out var claim))
            return;
        device.ClaimId = claim.Id.ToString();
        device.InstanceId = claim.Instance.Id.Value;
    }

    private static V1.NumaCellAssignment ToContract(CellAssignment cell, int requestCell)
    {
        var message = new V1.NumaCellAssignment
        {
            RequestCellIndex = requestCell,
            HostCellId = cell.HostCellId,
            PageSizeKb = cell.PageSizeKb,
            MemoryMb = cell.MemoryMb,
        };
        foreach (var (guest, host) in cell.Pinning)
            message.Pinning.Add(guest, host);
        message.EmulatorCpus.Add(cell.EmulatorCpus);
        message.SharedVcpus.Add(cell.SharedVcpus);
        return message;
    }

    private static V1.NumaCellUsage ToContract(NumaCell cell, NumaCellUsage usage)
    {
        var message = new V1.NumaCellUsage
        {
            CellId = cell.CellId,
            SharedVcpuCount = (int)usage.SharedVcpuCount,
            MemoryUsedMb = usage.MemoryUsedMb,
        };
        message.PinnedCpus.Add(usage.PinnedCpus);
        for (var i = 0; i < cell.PagePools.Count; i++)
            message.PagesUsed.Add(cell.PagePools[i].SizeKb, usage.PagesUsed[i]);
        return message;
    }

    private static V1.NumaTopology ToContract(NumaTopology numa)
    {
        var message = new V1.NumaTopology();
        foreach (var cell in numa.Cells)
        {
            var target = new V1.NumaCell { CellId = cell.CellId, MemoryMb = cell.MemoryMb };
            if (cell.Socket is { } socket)
                target.Socket = socket;
            target.SharedCpus.Add(cell.SharedCpus);
            target.DedicatedCpus.Add(cell.DedicatedCpus);
            target.ThreadSiblings.Add(cell.ThreadSiblings.Select(core => new V1.CpuSet { Cpus = { core } }));
            target.PagePools.Add(cell.PagePools.Select(
                pool => new V1.PagePool { SizeKb = pool.SizeKb, Total = pool.Total, Reserved = pool.Reserved }));
            message.Cells.Add(target);
        }

        return message;
    }

    private static V1.Device ToContract(Device device)
    {
        var message = new V1.Device
        {
            Address = device.Address,
            VendorId = device.VendorId,
            ProductId = device.ProductId,
            Type = device.Type switch
            {
                DeviceType.PhysicalFunction => V1.DeviceType.Pf,
                DeviceType.VirtualFunction => V1.DeviceType.Vf,
                DeviceType.Vdpa => V1.DeviceType.Vdpa,
                _ => V1.DeviceType.Pci,
            },
            ParentAddress = device.ParentAddress ?? "",
        };
        if (device.NumaCell is { } cell)
            message.NumaCellId = cell;
        foreach (var tag in device.Tags)
            message.Tags.Add(tag.Key, tag.Value);
        return message;
    }
}
