using System.Diagnostics;

namespace ResourceService.Load.Replay;

/// <summary>Holds steps back until their time of the trace has come, or does not hold them back at all.</summary>
internal sealed class ReplayClock(double? speed, ReplayPlan plan)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly long _firstTime = plan.Groups.Count == 0 ? 0 : plan.Groups[0][0].Time;

    public Task WaitForAsync(long time, CancellationToken cancellationToken)
    {
        if (speed is null)
        {
            return Task.CompletedTask;
        }
        var left = TimeSpan.FromSeconds((time - _firstTime) / speed.Value) - Stopwatch.GetElapsedTime(_start);
        return left > TimeSpan.Zero ? Task.Delay(left, cancellationToken) : Task.CompletedTask;
    }
}
