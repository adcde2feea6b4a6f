using System.Diagnostics;
using ResourceService.Load.Servers;

namespace ResourceService.Load.Driving;

/// <summary>CPU times and commit counts at one end of the measured window. Those of the server are null when its process is not known.</summary>
internal sealed record DriveReading(
    long Timestamp, TimeSpan? ServerCpu, TimeSpan ClientCpu, CommitReading? Commits, long? ServerAllocatedBytes)
{
    public static async Task<DriveReading> TakeAsync(ServerUnderTest server, CommitCounters commits, CancellationToken cancellationToken)
    {
        var committed = await commits.ReadAsync(cancellationToken);
        TimeSpan? serverCpu = server.ProcessId is { } id ? ProcessReadings.CpuTime(id) : null;
        return new DriveReading(Stopwatch.GetTimestamp(), serverCpu, Environment.CpuUsage.TotalTime, committed, server.AllocatedBytes);
    }

    public TimeSpan Elapsed(DriveReading earlier) => Stopwatch.GetElapsedTime(earlier.Timestamp, Timestamp);
}
