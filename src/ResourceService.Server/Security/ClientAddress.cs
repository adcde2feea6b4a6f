namespace ResourceService.Server.Security;

/// <summary>
/// What one client address holds of the service, on one port of it. All of its connections share it, and each of their calls finds it among its
/// features. A quarter of what there is for all is the most that one address takes, so that it alone keeps nobody out.
/// </summary>
/// <param name="name">The address, or the network.</param>
/// <param name="unread">Bytes of answers that are not read, of all addresses.</param>
/// <param name="unreadMax">How many of them there may be.</param>
/// <param name="healthWatches">Watches of health by callers that are not known, of all addresses.</param>
/// <param name="healthWatchesMax">How many of them there may be.</param>
/// <param name="takenBack">Calls that it takes back.</param>
internal sealed class ClientAddress(string name, Bound unread, long unreadMax, Bound healthWatches, int healthWatchesMax, CallRate takenBack)
{
    private const int AddressesMin = 4;

    /// <summary>The address, or the network: one caller, where callers have no identities.</summary>
    public string Name => name;

    /// <summary>Its connections.</summary>
    public int Connections { get; set; }

    /// <summary>Bytes of answers that it was given and has not read.</summary>
    public Bound Unread { get; } = new(unreadMax / AddressesMin, unread);

    /// <summary>Calls that it took back before they were answered.</summary>
    public CallRate TakenBack => takenBack;

    /// <summary>Its watches of health by callers that are not known.</summary>
    public Bound HealthWatches { get; } = new(Math.Max(1, healthWatchesMax / AddressesMin), healthWatches);
}
