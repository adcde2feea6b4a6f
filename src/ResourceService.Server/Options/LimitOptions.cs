namespace ResourceService.Server.Options;

/// <summary>
/// What one caller may ask at most. Without identities each client address is a caller, of IPv6 each network of 64 bits. Configuration section
/// <c>Limits</c>.
/// </summary>
public sealed class LimitOptions
{
    /// <summary>
    /// Calls per second on average, each claim of a batch or stream counting as one; 0 (default) is no limit. A batch larger than a burst is admitted
    /// when there is room for a burst, and keeps its caller waiting afterwards. 0 to 10,000,000.
    /// </summary>
    public int CallsPerSecond { get; set; }

    /// <summary>The most calls at once after a quiet time; 0 (default) is two seconds' worth. 0 to 10,000,000.</summary>
    public int CallsBurst { get; set; }

    /// <summary>
    /// Calls in flight, watches and streams included; 0 is no limit. The default leaves seven eighths of what the service takes to others. 0 to
    /// 10,000,000.
    /// </summary>
    public int CallsInFlightMax { get; set; } = 8_192;

    /// <summary>The most connections in all; further ones are closed at once. They cost memory, idle or not. 1 to 1,000,000.</summary>
    public int ConnectionsMax { get; set; } = 10_000;

    /// <summary>
    /// The most connections from one client address, of IPv6 from one network of 64 bits; further ones are closed at once. Raise it where callers come
    /// through a proxy, which is one address. 1 to 1,000,000.
    /// </summary>
    public int ConnectionsPerAddressMax { get; set; } = 1_000;

    /// <summary>
    /// The most that answers and watches which their callers have not read may hold, in MiB; of one client address a quarter. Calls beyond it are told to come back.
    /// In memory they are a few times as large. Answers below 4 KiB are not counted. 4 to 65,536.
    /// </summary>
    public int UnreadAnswersMaxMb { get; set; } = 128;

    /// <summary>
    /// The most watches of health by callers that are not known, where callers have identities; of one client address a quarter. 4 to 1,000,000.
    /// </summary>
    public int HealthWatchesMax { get; set; } = 1_000;

    /// <summary>Whether a caller has a limit at all.</summary>
    internal bool OfCallers => CallsPerSecond > 0 || CallsInFlightMax > 0;
}
