namespace ResourceService.Load.Soaking;

/// <summary>How long a soak lasts, what it drives, and what it does to the server meanwhile.</summary>
internal sealed record SoakSettings
{
    /// <summary>Of the paced load; filling and measuring the maximal rate come before.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>The end of it, in which the server is not killed: memory that is flat must be seen within one process.</summary>
    public required TimeSpan LastLife { get; init; }

    public required TimeSpan KillEvery { get; init; }

    public required TimeSpan CutEvery { get; init; }

    /// <summary>Null: the disk is sound.</summary>
    public required TimeSpan? DiskFaultEvery { get; init; }

    /// <summary>Share of the calls that are abandoned after some milliseconds, and made again.</summary>
    public required double AbandonShare { get; init; }

    /// <summary>How long the maximal rate is measured.</summary>
    public required TimeSpan Measuring { get; init; }

    /// <summary>The paced rate as a share of the maximal one.</summary>
    public required double RateShare { get; init; }

    public required int NodeCount { get; init; }

    /// <summary>Instances that live at a time.</summary>
    public required int InstanceCount { get; init; }

    /// <summary>Callers, each with one call in flight and instances of its own.</summary>
    public required int CallerCount { get; init; }

    public required int ConnectionCount { get; init; }

    public required TimeSpan RetryTime { get; init; }

    /// <summary>The most that memory may grow within the last life, in percent of what it was after the warm-up.</summary>
    public required double LastLifeGrowthPercentMax { get; init; }

    /// <summary>The most that memory may grow from life to life, at the same age, in percent.</summary>
    public required double LivesGrowthPercentMax { get; init; }

    public required int Seed { get; init; }
}
