namespace ResourceService.Load.Replay;

/// <summary>What became of a replay. It passed when Disagreements is empty.</summary>
internal sealed record ReplayReport
{
    public required int Nodes { get; init; }

    public required int Requests { get; init; }

    public required int Steps { get; init; }

    public required long StepsAnswered { get; init; }

    public required long Claimed { get; init; }

    public required long Confirmed { get; init; }

    public required long Released { get; init; }

    public required IReadOnlyDictionary<string, long> Refused { get; init; }

    /// <summary>Refusals of steps that ran alone: for each it was checked that no node had room.</summary>
    public required long RefusalsChecked { get; init; }

    public required IReadOnlyDictionary<string, long> Retried { get; init; }

    public required IReadOnlyDictionary<string, long> PeakUsed { get; init; }

    public required IReadOnlyDictionary<string, long> Capacity { get; init; }

    public required int CheckpointsPassed { get; init; }

    public required int Kills { get; init; }

    /// <summary>Time from the start of the process until health SERVING, after each kill.</summary>
    public required IReadOnlyList<double> RestartMs { get; init; }

    /// <summary>Seconds of the replay; those of checkpoints are left out, those of waiting for a killed server are not.</summary>
    public required double Seconds { get; init; }

    /// <summary>Claims, confirmations and releases that were acknowledged in a second.</summary>
    public required double ChangesPerSecond { get; init; }

    /// <summary>The last answer of VerifyLedger, in words.</summary>
    public required string VerifyLedger { get; init; }

    public required IReadOnlyList<string> Disagreements { get; init; }
}
