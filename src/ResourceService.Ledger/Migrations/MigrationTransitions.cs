using System.Collections.Frozen;
using static ResourceService.Ledger.Migrations.MigrationState;
using static ResourceService.Ledger.Migrations.MigrationStep;

namespace ResourceService.Ledger.Migrations;

/// <summary>
/// Every legal step of a move, as one table: a row is a state, a column a step, an entry the state that follows. What is not in it is refused with
/// the state that it met. A final state leads only to itself: the step that led there, taken again.
/// </summary>
public static class MigrationTransitions
{
    private static readonly FrozenDictionary<(MigrationState, MigrationStep), MigrationState> _table = new Dictionary<(MigrationState, MigrationStep), MigrationState>
    {
        [(Preparing, Renew)] = Preparing,
        [(Preparing, Prepare)] = Preparing,
        [(Preparing, Run)] = Running,
        [(Preparing, Finish)] = Finished,
        [(Preparing, Confirm)] = Confirmed,
        [(Preparing, Revert)] = Reverted,
        [(Preparing, Fail)] = Failed,
        [(Preparing, Expire)] = Expired,

        [(Running, Renew)] = Running,
        [(Running, Run)] = Running,
        [(Running, Finish)] = Finished,
        [(Running, Confirm)] = Confirmed,
        [(Running, Revert)] = Reverted,
        [(Running, Fail)] = Failed,
        [(Running, Expire)] = Expired,

        // It may already run on the target: only someone who knows may end it.
        [(Finished, Renew)] = Finished,
        [(Finished, Finish)] = Finished,
        [(Finished, Confirm)] = Confirmed,
        [(Finished, Revert)] = Reverted,
        [(Finished, Fail)] = Failed,

        [(Confirmed, Confirm)] = Confirmed,
        [(Reverted, Revert)] = Reverted,
        [(Failed, Fail)] = Failed,
        [(Expired, Expire)] = Expired,
    }.ToFrozenDictionary();

    /// <summary>The state that follows; null when the step is not allowed.</summary>
    public static MigrationState? Next(MigrationState state, MigrationStep step) =>
        _table.TryGetValue((state, step), out var next) ? next : null;
}
