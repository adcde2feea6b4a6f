using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Audits;

/// <summary>What an instance's cells take for themselves, as a claim can own it.</summary>
internal static class SeenCells
{
    /// <summary>
    /// The cells with the CPUs that are set aside for the emulator, each once and in the cell that has it. Its threads may also run where vCPUs do: on
    /// CPUs that guest CPUs are pinned to, libvirt's default, or on the host's shared ones. Neither sets anything aside.
    /// </summary>
    public static ValueList<ObservedCell> Of(NumaTopology? topology, ObservedInstance seen)
    {
        var emulator = seen.Cells.Aggregate(CpuSet.Empty, (all, cell) => all.Union(cell.EmulatorCpus));
        if (emulator.Count == 0)
            return seen.Cells;
        var left = emulator.Except(PinnedOf(seen.Cells)).Except(FloatingOf(topology));
        var homes = seen.Cells.Select(cell => DedicatedOf(topology, cell.HostCellId)).ToArray();
        var housed = homes.Aggregate(CpuSet.Empty, (all, home) => all.Union(home));
        var cells = new List<ObservedCell>(seen.Cells.Count);
        for (var i = 0; i < seen.Cells.Count; i++)
        {
            var own = left.Intersect(homes[i].Union(seen.Cells[i].EmulatorCpus.Except(housed)));
            left = left.Except(own);
            cells.Add(seen.Cells[i] with { EmulatorCpus = own });
        }

        return ValueList.From(cells);
    }

    /// <summary>Every host CPU that a guest CPU is pinned to.</summary>
    public static CpuSet PinnedOf(ValueList<ObservedCell> cells) => CpuSet.From(cells.SelectMany(cell => cell.Pinning).Select(pin => pin.HostCpu));

    private static CpuSet FloatingOf(NumaTopology? topology) => (topology?.Cells ?? [])
        .Aggregate(CpuSet.Empty, (all, cell) => all.Union(cell.SharedCpus.Except(cell.DedicatedCpus)));

    private static CpuSet DedicatedOf(NumaTopology? topology, int cellId) =>
        topology?.IndexOf(cellId) is >= 0 and var place ? topology.Cells[place].DedicatedCpus : CpuSet.Empty;
}
