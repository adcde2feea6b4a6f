using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Nodes;
using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Audits;

/// <summary>Parts of a claim that are corrected apart: each if the host's fits. Amounts are corrected class by class, devices one by one.</summary>
internal enum ClaimPart
{
    /// <summary>An amount.</summary>
    Amount,

    /// <summary>A state of its instance.</summary>
    States,

    /// <summary>Its cells, CPUs and pages.</summary>
    Cells,

    /// <summary>A device that it does not own.</summary>
    AttachedDevice,

    /// <summary>A device that it owns and that was detached from its instance.</summary>
    DetachedDevice,

    /// <summary>A device that it owns and that the report does not name, without saying that it names all. Never corrected.</summary>
    MissingDevice,
}

/// <summary>One difference between a claim and its instance on the host.</summary>
internal readonly record struct ClaimDifference(ClaimPart Part, string Subject, string Expected, string Observed)
{
    private static readonly List<ClaimDifference> _none = [];

    /// <summary>The kind of drift that it is.</summary>
    public DriftKind Kind => Part switch
    {
        ClaimPart.Cells => DriftKind.PinningMismatch,
        ClaimPart.MissingDevice => DriftKind.DeviceMissing,
        _ => DriftKind.UsageMismatch,
    };

    /// <summary>All differences between a claim and its instance; what the report leaves empty is not compared.</summary>
    /// <param name="node">The claim's node.</param>
    /// <param name="claim">The claim.</param>
    /// <param name="seen">The instance on the host.</param>
    /// <param name="devices">What the report says of devices; null to leave out states and what the claim owns too much.</param>
    public static List<ClaimDifference> Of(NodeView node, Claim claim, ObservedInstance seen, SeenDevices? devices)
    {
        // Most claims agree with their hosts: nothing is allocated for them.
        List<ClaimDifference>? found = null;
        if (seen.Amounts.Count > 0 && !seen.Amounts.Equals(claim.Amounts))
            AddAmounts(ref found, claim.Amounts, seen);
        if (devices is not null)
            AddStates(ref found, claim.Instance, seen.Instance);
        if (!seen.Unreadable.HasFlag(InstanceParts.Cells) && seen.Cells.Count > 0 && CellsDiffer(node, claim, seen))
            (found ??= []).Add(new ClaimDifference(ClaimPart.Cells, "cells", DriftText.Of(claim.Assignment.Cells), DriftText.Of(seen.Cells)));
        AddDevices(ref found, claim.Assignment.Devices, seen, devices);
        return found ?? _none;
    }

    /// <summary>Whether an observed cell has CPUs that nobody else may use.</summary>
    public static bool OwnsCpus(ObservedCell cell) => cell.Pinning.Count > 0 || cell.EmulatorCpus.Count > 0;

    private static void AddAmounts(ref List<ClaimDifference>? found, ResourceAmounts claimed, ObservedInstance seen)
    {
        // A class that is not named is one of which the instance has nothing, unless names could not be read.
        var named = seen.Unreadable.HasFlag(InstanceParts.Amounts) ? seen.Amounts : claimed.Concat(seen.Amounts);
        foreach (var resourceClass in named.Select(item => item.Class).Distinct().Order())
        {
            var (expected, observed) = (claimed.Of(resourceClass), seen.Amounts.Of(resourceClass));
            if (expected != observed)
                (found ??= []).Add(new ClaimDifference(ClaimPart.Amount, resourceClass.Name, DriftText.Of(expected), DriftText.Of(observed)));
        }
    }

    private static void AddStates(ref List<ClaimDifference>? found, Instance expected, Instance seen)
    {
        AddState(ref found, "vm_state", expected.VmState, seen.VmState);
        AddState(ref found, "task_state", expected.TaskState, seen.TaskState);
        AddState(ref found, "power_state", expected.PowerState, seen.PowerState);
    }

    private static void AddState(ref List<ClaimDifference>? found, string name, string expected, string seen)
    {
        if (seen.Length > 0 && !string.Equals(expected, seen, StringComparison.Ordinal))
            (found ??= []).Add(new ClaimDifference(ClaimPart.States, name, expected, seen));
    }

    private static bool CellsDiffer(NodeView node, Claim claim, ObservedInstance seen)
    {
        var (held, others) = (claim.Assignment.Cells, SeenCells.Of(node.Spec.Numa, seen));
        if (held.Count == 0)
            return others.Any(OwnsCpus);
        if (held.Count != others.Count)
            return true;
        for (var i = 0; i < held.Count; i++)
        {
            if (Differs(held[i], others[i], seen))
                return true;
        }

        return seen.ThreadPolicy is not null && Room.CellsOf(node, held, held, seen, claim.Request.Numa) is { } wanted
            && wanted.Index().Any(cell => !cell.Item.IdleCpus.Equals(held[cell.Index].IdleCpus));
    }

    private static bool Differs(CellAssignment cell, ObservedCell other, ObservedInstance seen) =>
        cell.HostCellId != other.HostCellId
        || (seen.KnowsCpus && !(cell.Pinning.Equals(other.Pinning) && cell.SharedVcpus.Equals(other.SharedVcpus)))
        || (seen.KnowsEmulatorCpus && !cell.EmulatorCpus.Equals(other.EmulatorCpus))
        // A claim that asked for no page size takes any.
        || (cell.PageSizeKb > 0 && other.PageSizeKb > 0 && cell.PageSizeKb != other.PageSizeKb)
        || (other.MemoryMb > 0 && cell.MemoryMb != other.MemoryMb);

    private static void AddDevices(
        ref List<ClaimDifference>? found, ValueList<AssignedDevice> owned, ObservedInstance seen, SeenDevices? devices)
    {
        foreach (var address in seen.DeviceAddresses)
        {
            if (!owned.Any(device => string.Equals(device.Address, address, StringComparison.Ordinal)))
                (found ??= []).Add(new ClaimDifference(ClaimPart.AttachedDevice, address, "not owned", "attached"));
        }

        foreach (var device in owned)
        {
            if (devices is null || seen.DeviceAddresses.Contains(device.Address))
                continue;
            if (devices.IsDetached(device, seen))
                (found ??= []).Add(new ClaimDifference(ClaimPart.DetachedDevice, device.Address, "owned", "not attached"));
            // What the host has lost is told of the host.
            else if (seen.NamesAllDevices is null && !devices.IsGone(device.Address))
                (found ??= []).Add(new ClaimDifference(ClaimPart.MissingDevice, device.Address, "owned", "not named"));
        }
    }
}
