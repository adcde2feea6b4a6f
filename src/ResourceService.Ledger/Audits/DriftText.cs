using System.Globalization;
using System.Text;
using ResourceService.Ledger.Devices;
using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Audits;

/// <summary>Short words for what a drift compares.</summary>
internal static class DriftText
{
    // The names of the fields, the kind and the action, generously.
    private const int SizeOfOthers = 64;

    /// <summary>What a drift takes where it is kept or sent, in bytes.</summary>
    public static int SizeOf(Drift drift) => SizeOfOthers
        + new[]
            {
                drift.Instance?.Value, drift.Claim?.ToString(), drift.Migration?.ToString(), drift.ResourceClass, drift.DeviceAddress, drift.Expected,
                drift.Observed, drift.Detail,
            }
            .Sum(text => Encoding.UTF8.GetByteCount(text ?? ""));

    /// <summary>A number.</summary>
    public static string Of(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>A moment.</summary>
    public static string Of(Instant moment) =>
        DateTimeOffset.FromUnixTimeMilliseconds(moment.UnixMs).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>An inventory, its units where they restrict anything.</summary>
    public static string Of(Inventory inventory) => string.Create(
        CultureInfo.InvariantCulture,
        $"total {inventory.Total}, reserved {inventory.Reserved}, ratio {inventory.AllocationRatio}, units {inventory.MinUnit} to {inventory.MaxUnit} by {inventory.StepSize}");

    /// <summary>A topology.</summary>
    public static string Of(NumaTopology? topology) => topology is null
        ? "none"
        : string.Create(
            CultureInfo.InvariantCulture,
            $"{topology.Cells.Count} cells, {topology.Cells.Sum(cell => cell.SharedCpus.Union(cell.DedicatedCpus).Count)} CPUs, {topology.Cells.Sum(cell => cell.MemoryMb)} MiB");

    /// <summary>A device.</summary>
    public static string Of(Device device) =>
        $"{device.Type} {device.VendorId}:{device.ProductId}{(device.NumaCell is { } cell ? $" on cell {Of(cell)}" : "")}{string.Concat(device.Tags.Select(tag => $" {tag.Key}={tag.Value}"))}";

    /// <summary>CPUs, neighbouring ones as a range.</summary>
    public static string Of(CpuSet cpus)
    {
        var text = new StringBuilder();
        int? first = null;
        var last = 0;
        foreach (var cpu in cpus)
        {
            if (first is not null && cpu == last + 1)
            {
                last = cpu;
                continue;
            }

            Close();
            (first, last) = (cpu, cpu);
        }

        Close();
        return text.Length == 0 ? "none" : text.ToString();

        void Close()
        {
            if (first is not { } start)
                return;
            text.Append(text.Length == 0 ? "" : ",").Append(CultureInfo.InvariantCulture, $"{start}");
            if (last > start)
                text.Append(CultureInfo.InvariantCulture, $"-{last}");
        }
    }

    /// <summary>Where a claim's cells are.</summary>
    public static string Of(ValueList<CellAssignment> cells) =>
        Of(cells.Select(cell => (cell.HostCellId, cell.PageSizeKb, cell.Pinning, cell.EmulatorCpus, cell.SharedVcpus, cell.MemoryMb)));

    /// <summary>Where an instance's cells are.</summary>
    public static string Of(ValueList<ObservedCell> cells) =>
        Of(cells.Select(cell => (cell.HostCellId, cell.PageSizeKb, cell.Pinning, cell.EmulatorCpus, cell.SharedVcpus, cell.MemoryMb)));

    private static string Of(
        IEnumerable<(int HostCell, long PageSizeKb, ValueList<PinnedCpu> Pinning, CpuSet Emulator, CpuSet Shared, long MemoryMb)> cells)
    {
        var text = string.Join("; ", cells.Select(cell =>
        {
            var pinning = string.Join(",", cell.Pinning.Select(pin => $"{Of(pin.GuestCpu)}:{Of(pin.HostCpu)}"));
            var parts = new List<string> { $"cell {Of(cell.HostCell)}" };
            if (pinning.Length > 0)
                parts.Add($"pinned {pinning}");
            if (cell.Emulator.Count > 0)
                parts.Add($"emulator {Of(cell.Emulator)}");
            if (cell.Shared.Count > 0)
                parts.Add($"floating {Of(cell.Shared)}");
            if (cell.MemoryMb > 0)
                parts.Add($"{Of(cell.MemoryMb)} MiB");
            if (cell.PageSizeKb > 0)
                parts.Add($"pages of {Of(cell.PageSizeKb)} KiB");
            return string.Join(" ", parts);
        }));
        return text.Length == 0 ? "none" : text;
    }
}
