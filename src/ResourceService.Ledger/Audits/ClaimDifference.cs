using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Devices;

namespace ResourceService.Ledger.Audits;

/// <summary>Parts of a claim that are corrected apart: each if the host's fits.</summary>
internal enum ClaimPart
{
    /// <summary>The amounts.</summary>
    Amounts,

    /// <summary>The states of its instance.</summary>
    States,

    /// <summary>Its cells, CPUs and pages.</summary>
    Cells,

    /// <summary>Devices that it does not own.</summary>
    Devices,

    /// <summary>Devices that it owns and its instance does not have. Never corrected.</summary>
    MissingDevices,
}

/// <summary>One difference between a claim and its instance on the host.</summary>
internal readonly record struct ClaimDifference(ClaimPart Part, string Subject, string Expected, string Observed)
{
    private static readonly List<ClaimDifference> _none = [];

    /// <summary>The kind of drift that it is.</summary>
    public DriftKind Kind => Part switch
    {
        ClaimPart.Cells => DriftKind.PinningMismatch,
        ClaimPart.MissingDevices => DriftKind.DeviceMissing,
        _ => DriftKind.UsageMismatch,
    };

    /// <summary>All differences between a claim and its instance; what the report leaves empty is not compared.</summary>
    /// <param name="claim">The claim.</param>
    /// <param name="seen">The instance on the host.</param>
    /// <param name="isSettled">Whether its states and devices are those of an instance that is neither built nor moved right now.</param>
    public static List<ClaimDifference> Of(Claim claim, ObservedInstance seen, bool isSettled)
    {
        // Most claims agree with their hosts: nothing is allocated for them.
        List<ClaimDifference>? found = null;
        if (seen.Amounts.Count > 0 && !seen.Amounts.Equals(claim.Amounts))
            AddAmounts(found ??= [], claim.Amounts, seen.Amounts);
        if (isSettled)
            AddStates(ref found, claim.Instance, seen.Instance);
        if (CellsDiffer(claim, seen))
            (found ??= []).Add(new ClaimDifference(ClaimPart.Cells, "cells", DriftText.Of(claim.Assignment.Cells), DriftText.Of(seen.Cells)));
        AddDevices(ref found, claim.Assignment.Devices, seen.DeviceAddresses, isSettled);
        return found ?? _none;
    }

    private static void AddAmounts(List<ClaimDifference> found, ResourceAmounts claimed, ResourceAmounts seen)
    {
        foreach (var resourceClass in claimed.Concat(seen).Select(item => item.Class).Distinct().Order())
        {
            var (expected, observed) = (claimed.Of(resourceClass), seen.Of(resourceClass));
            if (expected != observed)
                found.Add(new ClaimDifference(ClaimPart.Amounts, resourceClass.Name, DriftText.Of(expected), DriftText.Of(observed)));
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

    private static bool CellsDiffer(Claim claim, ObservedInstance seen)
    {
        var held = claim.Assignment.Cells;
        if (seen.Cells.Count == 0 || (held.Count == 0 && !seen.Cells.Any(OwnsCpus)))
            return false;
        if (held.Count != seen.Cells.Count)
            return true;
        for (var i = 0; i < held.Count; i++)
        {
            var (cell, other) = (held[i], seen.Cells[i]);
            // A claim that asked for no page size takes any.
            if (cell.HostCellId != other.HostCellId
                || !cell.Pinning.Equals(other.Pinning)
                || !cell.EmulatorCpus.Equals(other.EmulatorCpus)
                || !cell.SharedVcpus.Equals(other.SharedVcpus)
                || (cell.PageSizeKb > 0 && other.PageSizeKb > 0 && cell.PageSizeKb != other.PageSizeKb)
                || (other.MemoryMb > 0 && cell.MemoryMb != other.MemoryMb))
                return true;
        }

        return false;
    }

    /// <summary>Whether an observed cell has CPUs that nobody else may use.</summary>
    public static bool OwnsCpus(ObservedCell cell) => cell.Pinning.Count > 0 || cell.EmulatorCpus.Count > 0;

    private static void AddDevices(
        ref List<ClaimDifference>? found, ValueList<AssignedDevice> owned, ValueList<string> attached, bool isSettled)
    {
        foreach (var address in attached)
        {
            if (!owned.Any(device => string.Equals(device.Address, address, StringComparison.Ordinal)))
                (found ??= []).Add(new ClaimDifference(ClaimPart.Devices, address, "not owned", "attached"));
        }

        foreach (var device in owned)
        {
            if (isSettled && !attached.Contains(device.Address))
                (found ??= []).Add(new ClaimDifference(ClaimPart.MissingDevices, device.Address, "owned", "not attached"));
        }
    }
}
