namespace ResourceService.Storage;

/// <summary>How thoroughly a database is looked through.</summary>
public enum IntegrityCheck
{
    /// <summary>Not at all: what is damaged is found when it is read.</summary>
    Off,

    /// <summary>Every page and row is well formed, and every row belongs to one that exists.</summary>
    Quick,

    /// <summary>Also every index holds what its table holds.</summary>
    Full,
}
