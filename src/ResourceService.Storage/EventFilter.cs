using ResourceService.Ledger.Nodes;

namespace ResourceService.Storage;

/// <summary>Which events to read. Null matches all.</summary>
public sealed record EventFilter
{
    /// <summary>Only events after this revision.</summary>
    public long After { get; init; }

    /// <summary>Only events up to this revision.</summary>
    public long Until { get; init; } = long.MaxValue;

    /// <summary>Whether the newest come first.</summary>
    public bool NewestFirst { get; init; }

    /// <summary>Only events of this node. A move is found under both of its nodes.</summary>
    public int? NodeKey { get; init; }

    /// <summary>Only events of this instance's claims.</summary>
    public string? InstanceId { get; init; }

    /// <summary>Only events of this claim.</summary>
    public long? ClaimSequence { get; init; }

    /// <summary>Only events of this move.</summary>
    public long? MigrationSequence { get; init; }

    /// <summary>Only changes that this caller asked for.</summary>
    public string? Actor { get; init; }

    /// <summary>Whether <see cref="Kinds"/> says which kinds; otherwise all.</summary>
    public bool KindsAreLimited { get; init; }

    /// <summary>The kinds wanted.</summary>
    public IReadOnlyCollection<ChangeKind> Kinds { get; init; } = [];

    /// <summary>Only events from this moment on, in Unix milliseconds.</summary>
    public long? StartMs { get; init; }

    /// <summary>Only events before this moment, in Unix milliseconds.</summary>
    public long? EndMs { get; init; }
}
