namespace ResourceService.Load.Soaking;

/// <summary>What became of a soak. It passed when Violations is empty.</summary>
internal sealed record SoakReport
{
    public required int Seed { get; init; }

    public required double Minutes { get; init; }

    public required int Nodes { get; init; }

    /// <summary>Steps per second, without faults and as fast as the callers could.</summary>
    public required double MaximalRate { get; init; }

    public required double RateAsked { get; init; }

    /// <summary>Steps per second of the whole soak, restarts and checks included.</summary>
    public required double Rate { get; init; }

    /// <summary>Steps by kind, those of filling and measuring included.</summary>
    public required IReadOnlyDictionary<string, long> Answered { get; init; }

    public required long Refused { get; init; }

    public required IReadOnlyDictionary<string, long> Retried { get; init; }

    public required long Cuts { get; init; }

    public required IReadOnlyDictionary<string, long> DiskFaults { get; init; }

    public required int Kills { get; init; }

    /// <summary>Time from the start of the process until health SERVING, after each kill.</summary>
    public required IReadOnlyList<double> RestartMs { get; init; }

    public required int ChecksPassed { get; init; }

    public required int LiveInstances { get; init; }

    /// <summary>The last answer of VerifyLedger, in words.</summary>
    public required string VerifyLedger { get; init; }

    public required double DatabaseMibBefore { get; init; }

    public required double DatabaseMib { get; init; }

    public required SoakMemoryReport Memory { get; init; }

    public required double LastLifeGrowthPercentMax { get; init; }

    public required double LivesGrowthPercentMax { get; init; }

    public required IReadOnlyList<string> Violations { get; init; }

    /// <summary>The last lines of the server when something was wrong.</summary>
    public string? ServerOutput { get; init; }
}
