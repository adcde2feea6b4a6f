namespace ResourceService.Ledger.Migrations;

/// <summary>The kind of a move. Numbers are stored: only add.</summary>
public enum MigrationType
{
    /// <summary>New amounts, on the same node or on another one.</summary>
    Resize = 1,

    /// <summary>Moved while stopped.</summary>
    ColdMigration = 2,

    /// <summary>Moved while running: page sizes stay.</summary>
    LiveMigration = 3,

    /// <summary>Rebuilt elsewhere because the source failed. The source need not be up, ever again.</summary>
    Evacuation = 4,
}
