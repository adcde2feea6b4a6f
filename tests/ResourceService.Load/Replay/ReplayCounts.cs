using System.Collections.Concurrent;
using Grpc.Core;

namespace ResourceService.Load.Replay;

/// <summary>What became of the requests, counted by many steps at a time.</summary>
internal sealed class ReplayCounts
{
    private readonly ConcurrentDictionary<string, long> _refused = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _retried = new(StringComparer.Ordinal);
    private long _claimed;
    private long _confirmed;
    private long _released;
    private long _checkedRefusals;
    private long _steps;

    public long ClaimedCount => Interlocked.Read(ref _claimed);

    public long ConfirmedCount => Interlocked.Read(ref _confirmed);

    public long ReleasedCount => Interlocked.Read(ref _released);

    public long CheckedRefusalCount => Interlocked.Read(ref _checkedRefusals);

    public long StepCount => Interlocked.Read(ref _steps);

    public IReadOnlyDictionary<string, long> Refused => _refused;

    public IReadOnlyDictionary<string, long> Retried => _retried;

    /// <summary>Changes that the server acknowledged.</summary>
    public long ChangeCount => ClaimedCount + ConfirmedCount + ReleasedCount;

    public void CountClaimed() => Interlocked.Increment(ref _claimed);

    public void CountConfirmed() => Interlocked.Increment(ref _confirmed);

    public void CountReleased() => Interlocked.Increment(ref _released);

    public void CountCheckedRefusal() => Interlocked.Increment(ref _checkedRefusals);

    public void CountStep() => Interlocked.Increment(ref _steps);

    public void CountRefused(string reason) => _refused.AddOrUpdate(reason, 1, (_, count) => count + 1);

    public void CountRetried(StatusCode status) => _retried.AddOrUpdate(status.ToString(), 1, (_, count) => count + 1);
}
