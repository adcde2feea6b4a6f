using System.Collections.Concurrent;
using System.Diagnostics;
using HdrHistogram;

namespace ResourceService.Load.Driving;

/// <summary>
/// What a drive has measured so far. Loops record into it at the same time; only answers inside the window count. An error counts in Errors and not in
/// the latencies, so that refusals cannot make a server look fast.
/// </summary>
internal sealed class Measurement(DriveWindow window)
{
    // Latencies are kept in steps of 100 ns, up to a minute, with three digits: 0.1 % beside a noise of some percent.
    private const long StepsPerSecond = 10_000_000;
    private const double StepsPerMicrosecond = 10;
    private const long LatencyStepsMax = 60 * StepsPerSecond;

    private readonly LongConcurrentHistogram _latencies = new(1, LatencyStepsMax, 3);
    private readonly ConcurrentDictionary<string, long> _errors = new(StringComparer.Ordinal);
    private readonly double _stepsPerTick = (double)StepsPerSecond / Stopwatch.Frequency;
    private long _callCount;
    private long _claimCount;
    private long _allClaimCount;
    private string? _firstError;

    public long CallCount => Interlocked.Read(ref _callCount);

    public long ClaimCount => Interlocked.Read(ref _claimCount);

    /// <summary>Claims accepted so far, those outside the window included: for progress.</summary>
    public long AllClaimCount => Interlocked.Read(ref _allClaimCount);

    public IReadOnlyDictionary<string, long> Errors => _errors;

    public string? FirstError => _firstError;

    public void Answered(long sentAt, long answeredAt, int acceptedClaimCount)
    {
        Interlocked.Add(ref _allClaimCount, acceptedClaimCount);
        if (answeredAt < window.From || answeredAt > window.Until)
        {
            return;
        }
        Interlocked.Increment(ref _callCount);
        Interlocked.Add(ref _claimCount, acceptedClaimCount);
        _latencies.RecordValue(Math.Clamp((long)((answeredAt - sentAt) * _stepsPerTick), 1, LatencyStepsMax));
    }

    /// <summary>Errors count at any time: one before the window is as bad as one inside.</summary>
    public void Failed(string status, string detail, int count = 1)
    {
        _errors.AddOrUpdate(status, count, (_, sum) => sum + count);
        Interlocked.CompareExchange(ref _firstError, $"{status}: {detail}", null);
    }

    public LatencyReport Latency() => new(Percentile(50), Percentile(90), Percentile(99), Percentile(99.9), Percentile(100));

    private double Percentile(double percentile) =>
        _latencies.TotalCount == 0 ? 0 : _latencies.GetValueAtPercentile(percentile) / StepsPerMicrosecond;
}
