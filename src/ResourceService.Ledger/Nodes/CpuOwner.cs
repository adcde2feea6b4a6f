using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Nodes;

/// <summary>What a claim owns a host CPU for.</summary>
public enum CpuUse
{
    /// <summary>A guest CPU is pinned to it.</summary>
    Vcpu,

    /// <summary>The emulator's threads run on it.</summary>
    Emulator,

    /// <summary>It stays idle beside a CPU in use.</summary>
    IdleSibling,
}

/// <summary>Who owns a host CPU.</summary>
/// <param name="Cpu">The CPU.</param>
/// <param name="Claim">The claim.</param>
/// <param name="Use">What for.</param>
/// <param name="GuestCpu">The guest CPU pinned to it, if there is one.</param>
public readonly record struct CpuOwner(int Cpu, Claim Claim, CpuUse Use, int? GuestCpu)
{
    /// <summary>
    /// The owners of the CPUs in use, a list for each cell of the topology, by ascending CPU: exactly those that <see cref="NodeView.NumaUsage"/> counts
    /// as pinned there. A CPU is its owner's in whichever cell the host reports it.
    /// </summary>
    public static IReadOnlyList<IReadOnlyList<CpuOwner>> ByCell(NodeView node)
    {
        if (node.Spec.Numa is not { } topology)
            return [];
        var owners = topology.Cells.Select(_ => new SortedDictionary<int, CpuOwner>()).ToArray();
        foreach (var claim in node.Claims.Values)
        {
            foreach (var part in claim.Assignment.Cells)
            {
                foreach (var owner in Of(claim, part))
                    Add(owner, part.HostCellId);
            }
        }

        return [.. owners.Select(ofCell => ofCell.Values.ToArray())];

        void Add(CpuOwner owner, int hostCell)
        {
            for (var i = 0; i < owners.Length; i++)
            {
                // Guests that were only observed may run two vCPUs on one CPU: the first is shown.
                if (topology.Cells[i].CellId == hostCell || topology.Cells[i].DedicatedCpus.Contains(owner.Cpu))
                    owners[i].TryAdd(owner.Cpu, owner);
            }
        }
    }

    /// <summary>Whether the claim owns the CPU.</summary>
    public static bool Owns(Claim claim, int cpu)
    {
        foreach (var part in claim.Assignment.Cells)
        {
            if (part.EmulatorCpus.Contains(cpu) || part.IdleCpus.Contains(cpu) || part.Pinning.Any(pin => pin.HostCpu == cpu))
                return true;
        }

        return false;
    }

    private static IEnumerable<CpuOwner> Of(Claim claim, CellAssignment part) =>
    [
        .. part.Pinning.Select(pin => new CpuOwner(pin.HostCpu, claim, CpuUse.Vcpu, pin.GuestCpu)),
        .. part.EmulatorCpus.Select(cpu => new CpuOwner(cpu, claim, CpuUse.Emulator, null)),
        .. part.IdleCpus.Select(cpu => new CpuOwner(cpu, claim, CpuUse.IdleSibling, null)),
    ];
}
