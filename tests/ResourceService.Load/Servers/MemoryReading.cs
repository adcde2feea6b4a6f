namespace ResourceService.Load.Servers;

/// <summary>Resident memory of a process now, and the most it ever was, in MiB.</summary>
internal sealed record MemoryReading(double ResidentMib, double PeakMib);
