namespace ResourceService.Load.Soaking;

/// <summary>
/// Whether the server's memory is flat, seen in two ways. Within the last life, which is not disturbed: the median of its last quarter beside that of its
/// first quarter after the warm-up. Across lives: the medians at the same age of the process, for what would grow with the store.
/// <para>
/// The bounds are shares of what is resident, because a collector moves by some percent from minute to minute without any leak: within a warm life by one
/// or two, among young ones, which still grow, by ten. A leak of 100 bytes per call at 2,000 calls a second is 11 MiB a minute, which is above 5 % of
/// 400 MiB after two.
/// </para>
/// </summary>
internal sealed record SoakMemoryReport
{
    // Compiling, the page cache and the history kept in memory take about that long to become what they stay.
    private static readonly TimeSpan _warmUp = TimeSpan.FromSeconds(90);

    // What the store remembers of requests, and what a life reads of it at its start, has then become what it stays.
    private static readonly TimeSpan _storeWarmUp = TimeSpan.FromMinutes(3);

    public required IReadOnlyList<SoakMinute> Minutes { get; init; }

    /// <summary>Medians of the lives that began with a store as large as it stays, at the same age.</summary>
    public required IReadOnlyDictionary<int, double> LivesAtSameAgeMib { get; init; }

    public required double EarlyMib { get; init; }

    public required double LateMib { get; init; }

    /// <summary>Of the straight line through the last life after its warm-up (least squares).</summary>
    public required double SlopeMibPerMinute { get; init; }

    /// <summary>Growth within the last life, in percent.</summary>
    public double LastLifeGrowthPercent => Growth(EarlyMib, LateMib);

    /// <summary>Growth from the first of them to the last, in percent; null when there were none to compare.</summary>
    public double? LivesGrowthPercent => LivesAtSameAgeMib.Count < 2
        ? null
        : Growth(LivesAtSameAgeMib.MinBy(life => life.Key).Value, LivesAtSameAgeMib.MaxBy(life => life.Key).Value);

    public static SoakMemoryReport Create(IReadOnlyList<SoakSample> samples, SoakSettings settings)
    {
        var last = samples.Where(sample => sample.Life == samples[^1].Life).ToArray();
        var warm = last.Where(sample => sample.Age >= Min(_warmUp, last[^1].Age / 3)).ToArray();
        // An age that every life reaches, and after most of the compiling.
        var (from, until) = (settings.KillEvery * 0.5, settings.KillEvery * (1 - SoakJitter.Share));
        return new SoakMemoryReport
        {
            Minutes = [.. samples
                .GroupBy(sample => (Minute: (int)sample.At.TotalMinutes, sample.Life))
                .Select(group => new SoakMinute(group.Key.Minute + 1, group.Key.Life, Median(group)))],
            LivesAtSameAgeMib = samples
                .Where(sample => sample.At - sample.Age >= _storeWarmUp && sample.Age >= from && sample.Age < until)
                .GroupBy(sample => sample.Life)
                .ToDictionary(group => group.Key, Median),
            EarlyMib = Median(warm.Take((warm.Length + 3) / 4)),
            LateMib = Median(warm.TakeLast((warm.Length + 3) / 4)),
            SlopeMibPerMinute = Slope(warm),
        };
    }

    /// <summary>What is above the bound.</summary>
    public IEnumerable<string> Violations(SoakSettings settings)
    {
        if (LastLifeGrowthPercent > settings.LastLifeGrowthPercentMax)
        {
            yield return $"Memory grew within the last life by {LastLifeGrowthPercent:0.0} %, from {EarlyMib:0} to {LateMib:0} MiB; "
                + $"{settings.LastLifeGrowthPercentMax:0.0} % are allowed.";
        }
        if (LivesGrowthPercent > settings.LivesGrowthPercentMax)
        {
            yield return $"Memory at the same age grew from life to life by {LivesGrowthPercent:0.0} %; {settings.LivesGrowthPercentMax:0.0} % are allowed.";
        }
    }

    private static double Growth(double before, double after) => ((after / before) - 1) * 100;

    private static double Median(IEnumerable<SoakSample> samples)
    {
        var sorted = samples.Select(sample => sample.ResidentMib).Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static double Slope(SoakSample[] samples)
    {
        var meanMinute = samples.Average(sample => sample.At.TotalMinutes);
        var meanMib = samples.Average(sample => sample.ResidentMib);
        var spread = samples.Sum(sample => Math.Pow(sample.At.TotalMinutes - meanMinute, 2));
        return spread == 0 ? 0 : samples.Sum(sample => (sample.At.TotalMinutes - meanMinute) * (sample.ResidentMib - meanMib)) / spread;
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
}

/// <summary>Median of the resident memory in one minute of the soak, as far as one life had part in it.</summary>
internal sealed record SoakMinute(int Minute, int Life, double ResidentMib);
