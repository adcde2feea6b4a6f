using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Claims;

/// <summary>What a claim was given inside its node: host cells with CPUs and pages, and devices. Amounts stand apart, in the request.</summary>
/// <param name="Cells">Where each requested cell was placed, in the order of the request.</param>
/// <param name="Devices">The devices given, in the order of the device requests.</param>
public sealed record Assignment(ValueList<CellAssignment> Cells, ValueList<AssignedDevice> Devices)
{
    /// <summary>Nothing in particular: the request asked for amounts only.</summary>
    public static Assignment None { get; } = new([], []);

    /// <summary>Whether it holds neither cells nor devices.</summary>
    public bool IsNone => Cells.Count == 0 && Devices.Count == 0;
}
