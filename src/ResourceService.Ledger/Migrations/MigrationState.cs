namespace ResourceService.Ledger.Migrations;

/// <summary>Where a move is. Numbers are stored: only add.</summary>
public enum MigrationState
{
    /// <summary>The target is claimed, nothing has moved. Under lease.</summary>
    Preparing = 1,

    /// <summary>The instance is moving. Under lease.</summary>
    Running = 2,

    /// <summary>The instance is on the target and waits for confirm or revert. No lease.</summary>
    Finished = 3,

    /// <summary>Ended: the source was released.</summary>
    Confirmed = 4,

    /// <summary>Ended: taken back, the target was released.</summary>
    Reverted = 5,

    /// <summary>Ended: failed, the target was released.</summary>
    Failed = 6,

    /// <summary>Ended by its lease: the target was released.</summary>
    Expired = 7,
}

/// <summary>What follows from a move's state.</summary>
public static class MigrationStates
{
    /// <summary>Whether source and target are both held.</summary>
    public static bool IsInFlight(this MigrationState state) =>
        state is MigrationState.Preparing or MigrationState.Running or MigrationState.Finished;
}

/// <summary>What can be done to a move.</summary>
public enum MigrationStep
{
    /// <summary>A sign of life, and nothing else: the lease is renewed.</summary>
    Renew,

    /// <summary>It still prepares.</summary>
    Prepare,

    /// <summary>The instance starts to move.</summary>
    Run,

    /// <summary>The instance arrived.</summary>
    Finish,

    /// <summary>The instance stays on the target.</summary>
    Confirm,

    /// <summary>The instance stays on the source, because someone wants so.</summary>
    Revert,

    /// <summary>The instance stays on the source, because the move failed.</summary>
    Fail,

    /// <summary>The lease ended.</summary>
    Expire,
}
