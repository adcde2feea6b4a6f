namespace ResourceService.Server.Security;

/// <summary>Something in a file or at an address that may change while the service runs.</summary>
internal interface IReloadable
{
    /// <summary>Where it comes from, for the log.</summary>
    string Name { get; }

    /// <summary>Whether something of it is in force.</summary>
    bool IsInForce { get; }

    /// <summary>Looks whether it has changed; true when it has and is in force. Throws when the new one cannot be used: the old one stays then.</summary>
    Task<bool> ReloadAsync(CancellationToken cancellation);
}
