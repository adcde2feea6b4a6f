namespace ResourceService.Load.Driving;

/// <summary>The nodes that are driven, and what each claim takes from them.</summary>
internal sealed record FleetSettings
{
    public required string NodePrefix { get; init; }

    public required int NodeCount { get; init; }

    /// <summary>Units of each class that a node offers: so many that no claim is refused.</summary>
    public required long NodeCapacity { get; init; }

    public required IReadOnlyDictionary<string, long> Resources { get; init; }

    /// <summary>Whether the server chooses the node of each claim.</summary>
    public required bool Anywhere { get; init; }

    /// <summary>Claims made before anything is measured.</summary>
    public required int PrefillCount { get; init; }
}
