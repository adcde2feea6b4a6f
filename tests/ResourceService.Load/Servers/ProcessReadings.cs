using System.Globalization;

namespace ResourceService.Load.Servers;

/// <summary>CPU time and memory of another process, as the Linux kernel counts them in /proc.</summary>
internal static class ProcessReadings
{
    // USER_HZ is 100 on every Linux that .NET runs on: the resolution of the CPU time is 10 ms.
    private const double TickSeconds = 0.01;

    public static TimeSpan CpuTime(int processId)
    {
        var stat = File.ReadAllText($"/proc/{processId}/stat");
        // The name of the program stands in parentheses and may hold anything; what follows it is state, then numbers.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        return TimeSpan.FromSeconds(ticks * TickSeconds);
    }

    public static MemoryReading Memory(int processId)
    {
        double residentMib = 0;
        double peakMib = 0;
        foreach (var line in File.ReadLines($"/proc/{processId}/status"))
        {
            if (line.StartsWith("VmRSS:", StringComparison.Ordinal))
            {
                residentMib = Mib(line);
            }
            else if (line.StartsWith("VmHWM:", StringComparison.Ordinal))
            {
                peakMib = Mib(line);
            }
        }
        return new MemoryReading(residentMib, peakMib);
    }

    private static double Mib(string line) =>
        long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Trim(), CultureInfo.InvariantCulture) / 1024.0;
}
