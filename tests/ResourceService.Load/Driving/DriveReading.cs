using System.Diagnostics;
using ResourceService.Load.Servers;

namespace ResourceService.Load.Driving;

/// <summary>CPU times and commit counts at one end of the measured window. Those of the server are null when its process is not known.</summary>
internal sealed record DriveReading(long Timestamp, TimeSpan? ServerCpu, TimeSpan ClientCpu, CommitReading? Commits)
{
    public static async Task<DriveReading> TakeAsync(int? serverProcessId, CommitCounters commits, CancellationToken cancellationToken)
    {
        var committed = await commits.ReadAsync(cancellationToken);
        TimeSpan? serverCpu = serverProcessId is { } id ? ProcessReadings.CpuTime(id) : null;
        return new DriveReading(Stopwatch.GetTimestamp(), serverCpu, Environment.CpuUsage.TotalTime, committed);
    }

    public TimeSpan Elapsed(DriveReading earlier) => Stopwatch.GetElapsedTime(earlier.Timestamp, Timestamp);
}
