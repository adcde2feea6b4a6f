using System.Diagnostics;

namespace ResourceService.Server.Telemetry;

/// <summary>When this process started.</summary>
internal static class ProcessStart
{
    /// <summary>In seconds since 1970, as Prometheus' own clients tell it.</summary>
    public static double UnixSeconds
    {
        get
        {
            using var self = Process.GetCurrentProcess();
            return new DateTimeOffset(self.StartTime).ToUnixTimeMilliseconds() / 1000.0;
        }
    }
}
