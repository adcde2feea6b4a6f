namespace ResourceService.Server.Nodes;

/// <summary>Whether changes can be taken right now, and if not, why.</summary>
internal sealed class StoreHealth
{
    private volatile string? _lostBecause;

    /// <summary>Why the store is lost; null while it works.</summary>
    public string? LostBecause
    {
        get => _lostBecause;
        set => _lostBecause = value;
    }
}
