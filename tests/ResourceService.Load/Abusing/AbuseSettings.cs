namespace ResourceService.Load.Abusing;

/// <summary>How long each kind of abuse lasts, and beside what.</summary>
internal sealed record AbuseSettings
{
    public required IReadOnlyList<AbuseKind> Kinds { get; init; }

    public required TimeSpan Duration { get; init; }

    /// <summary>How long the server has afterwards to come to rest.</summary>
    public required TimeSpan Rest { get; init; }

    /// <summary>Calls per second of the healthy caller.</summary>
    public required double Rate { get; init; }

    /// <summary>The address of this machine that the healthy caller comes from.</summary>
    public required string HealthyFrom { get; init; }

    /// <summary>The address of this machine that the abuse comes from.</summary>
    public required string AbuseFrom { get; init; }
}
