namespace ResourceService.Load.Driving;

/// <summary>Which drives are compared with each other in one run.</summary>
internal sealed record CompareSettings
{
    /// <summary>Modes that take turns at each level of calls in flight.</summary>
    public required IReadOnlyList<DriveMode> Modes { get; init; }

    public required IReadOnlyList<int> InFlightLevels { get; init; }

    /// <summary>Modes that send many claims at once, at one level of their own.</summary>
    public required IReadOnlyList<DriveMode> BulkModes { get; init; }

    public required int BatchesInFlight { get; init; }

    public required int StreamedInFlight { get; init; }

    public required int Rounds { get; init; }

    /// <summary>What all drives have in common.</summary>
    public required DriveSettings Drive { get; init; }

    /// <summary>The drives of one round, those that are to be compared next to each other.</summary>
    public IEnumerable<IReadOnlyList<DriveSettings>> Groups()
    {
        foreach (var level in InFlightLevels)
        {
            yield return [.. Modes.Select(mode => Drive with { Mode = mode, InFlight = level })];
        }
        if (BulkModes.Count > 0)
        {
            yield return [.. BulkModes.Select(mode => Drive with { Mode = mode, InFlight = mode == DriveMode.Stream ? StreamedInFlight : BatchesInFlight })];
        }
    }
}
