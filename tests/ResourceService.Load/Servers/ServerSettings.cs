namespace ResourceService.Load.Servers;

/// <summary>Which server is driven, and how it is started if the tool starts it.</summary>
internal sealed record ServerSettings
{
    public required Uri Address { get; init; }

    /// <summary>Command line that starts the server, or null when it already runs. {data} stands for a new data directory.</summary>
    public string? Command { get; init; }

    /// <summary>Environment variables that the started server gets beside the tool's own.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Process of a server that already runs, for its CPU time and memory.</summary>
    public int? ProcessId { get; init; }

    public required string HealthService { get; init; }

    public required TimeSpan StartTimeout { get; init; }

    /// <summary>Whether the started server also tells how much it allocates.</summary>
    public bool CountsAllocations { get; init; }

    public Uri? MetricsUrl { get; init; }

    public bool KeepData { get; init; }
}
