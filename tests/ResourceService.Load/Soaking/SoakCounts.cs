using System.Collections.Concurrent;
using Grpc.Core;

namespace ResourceService.Load.Soaking;

/// <summary>What was done, counted by many callers at a time.</summary>
internal sealed class SoakCounts
{
    private readonly ConcurrentDictionary<SoakStep, long> _answered = new();
    private readonly ConcurrentDictionary<StatusCode, long> _retried = new();
    private long _answeredCount;
    private long _refusedCount;
    private long _cutCount;

    public long AnsweredCount => Interlocked.Read(ref _answeredCount);

    /// <summary>Claims and moves that did not fit, as may be.</summary>
    public long RefusedCount => Interlocked.Read(ref _refusedCount);

    public long CutCount => Interlocked.Read(ref _cutCount);

    public IReadOnlyDictionary<string, long> Answered => _answered.ToDictionary(entry => entry.Key.ToString(), entry => entry.Value);

    /// <summary>Attempts without an answer by their status; CANCELLED are those that the tool abandoned.</summary>
    public IReadOnlyDictionary<string, long> Retried => _retried.ToDictionary(entry => entry.Key.ToString(), entry => entry.Value);

    public void CountAnswered(SoakStep step)
    {
        Interlocked.Increment(ref _answeredCount);
        _answered.AddOrUpdate(step, 1, static (_, count) => count + 1);
    }

    public void CountRefused() => Interlocked.Increment(ref _refusedCount);

    public void CountCut() => Interlocked.Increment(ref _cutCount);

    public void CountRetried(StatusCode status) => _retried.AddOrUpdate(status, 1, static (_, count) => count + 1);
}
