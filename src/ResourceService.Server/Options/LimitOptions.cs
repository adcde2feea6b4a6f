namespace ResourceService.Server.Options;

/// <summary>What one caller may ask at most. Without identities each client address is a caller. Configuration section <c>Limits</c>.</summary>
public sealed class LimitOptions
{
    /// <summary>Calls per second on average, each claim of a batch or stream counting as one; 0 (default) is no limit. 0 to 10,000,000.</summary>
    public int CallsPerSecond { get; set; }

    /// <summary>The most calls at once after a quiet time; 0 (default) is two seconds' worth. 0 to 10,000,000.</summary>
    public int CallsBurst { get; set; }

    /// <summary>Calls in flight, watches and streams included; 0 (default) is no limit. 0 to 10,000,000.</summary>
    public int CallsInFlightMax { get; set; }

    /// <summary>The most connections in all; further ones are closed at once. They cost memory, idle or not. 1 to 1,000,000.</summary>
    public int ConnectionsMax { get; set; } = 10_000;

    /// <summary>Whether a caller has a limit at all.</summary>
    internal bool OfCallers => CallsPerSecond > 0 || CallsInFlightMax > 0;
}
