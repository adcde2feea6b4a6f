namespace ResourceService.Load.Filling;

/// <summary>How a server is filled, and whether it is started again afterwards.</summary>
internal sealed record FillSettings
{
    public required int ClaimCount { get; init; }

    public required int InFlight { get; init; }

    public required int Connections { get; init; }

    public required int Seed { get; init; }

    public required bool Restart { get; init; }

    /// <summary>Whether the restart follows a SIGKILL and not an orderly stop.</summary>
    public required bool KillBeforeRestart { get; init; }
}
