namespace ResourceService.Server.Nodes;

/// <summary>Whether changes can be taken right now, and if not, why.</summary>
internal sealed class StoreHealth
{
    private volatile string? _lostBecause;
    private volatile string? _nearlyFullBecause;

    /// <summary>Why the store is lost; null while it works.</summary>
    public string? LostBecause
    {
        get => _lostBecause;
        set => _lostBecause = value;
    }

    /// <summary>Why only changes are taken that end or free something; null while all are.</summary>
    public string? NearlyFullBecause
    {
        get => _nearlyFullBecause;
        set => _nearlyFullBecause = value;
    }
}
