using Dapper;

namespace ResourceService.Storage.Sqlite;

/// <summary>
/// Deletes what is no longer kept, inside the writer's transaction. The newest row of each table stays whatever its age: the next numbers
/// follow it after a restart.
/// </summary>
internal static class SqliteRetention
{
    // A node has some thousand snapshots at most, once it was thinned.
    private const int SnapshotNodesMax = 20;

    /// <summary>Carries out one step and notes in it what was done.</summary>
    public static void Run(PreparedConnection connection, RetentionStep step)
    {
        switch (step.Table)
        {
            case RetainedTable.Events:
                DeleteOldest(connection, step, SqliteStatements.SelectOldestEvents, SqliteStatements.DeleteEvents);
                break;

            case RetainedTable.Audits:
                DeleteOldest(connection, step, SqliteStatements.SelectOldestAudits, SqliteStatements.DeleteAudits);
                break;

            case RetainedTable.UnchangedRequests:
                DeleteOldest(connection, step, SqliteStatements.SelectOldestUnchangedRequests, SqliteStatements.DeleteUnchangedRequests);
                break;

            case RetainedTable.Refusals:
                DeleteOldest(connection, step, RefusalStatements.SelectOldest, RefusalStatements.DeleteBefore);
                if (step.DeletedCount > 0)
                    connection.ExecuteKept(RefusalStatements.DeleteNodesOfNone);
                break;

            case RetainedTable.EndedClaims:
                DeleteEnded(connection, step, SqliteStatements.SelectClaimRangeEnd, SqliteStatements.DeleteEndedClaims);
                break;

            case RetainedTable.EndedMigrations:
                DeleteEnded(connection, step, SqliteStatements.SelectMigrationRangeEnd, SqliteStatements.DeleteEndedMigrations);
                break;

            case RetainedTable.UsageSnapshots:
                ThinSnapshots(connection, step);
                break;

            default:
                throw new InvalidOperationException($"Nothing is known of keeping {step.Table}.");
        }
    }

    // Only from the oldest on and never past one that stays, so that what is left has no gap: a follower of the history relies on it.
    private static void DeleteOldest(PreparedConnection connection, RetentionStep step, string select, string delete)
    {
        var oldest = connection.Query<(long Key, long Time)>(select, new { limit = step.RowsMax + 1, now = step.NowMs }).AsList();
        var count = oldest.FindIndex(row => row.Time >= step.KeepFromMs);
        if (count < 0)
            count = oldest.Count - 1;
        if (count <= 0)
            return;
        step.DeletedCount = connection.ExecuteKept(delete, new { from = oldest[count].Key });
        if (count == step.RowsMax)
            step.NextKey = oldest[count].Key;
    }

    // What goes on lies between what has ended, so a step walks over a range whether it deletes much or nothing.
    private static void DeleteEnded(PreparedConnection connection, RetentionStep step, string selectRangeEnd, string delete)
    {
        var until = connection.ExecuteScalar<long?>(selectRangeEnd, new { after = step.AfterKey, limit = step.RowsMax });
        if (until is null)
            return;
        step.DeletedCount = connection.ExecuteKept(delete, new { after = step.AfterKey, until, before = step.KeepFromMs, now = step.NowMs });
        step.NextKey = until;
    }

    // Node by node: the snapshots of one lie together. One that has more to delete than the step may is looked at again by the next.
    private static void ThinSnapshots(PreparedConnection connection, RetentionStep step)
    {
        var after = step.AfterKey;
        for (var nodes = 0; nodes < SnapshotNodesMax && step.DeletedCount < step.RowsMax; nodes++)
        {
            if (connection.ExecuteScalar<long?>(SqliteStatements.SelectNextSnapshotNode, new { after }) is not { } nodeKey)
            {
                step.NextKey = null;
                return;
            }

            step.DeletedCount += connection.ExecuteKept(SqliteStatements.DeleteSnapshots, new
            {
                nodeKey,
                before = step.KeepFromMs,
                now = step.NowMs,
                hourlyUntil = step.Thinning.HourlyUntilMs,
                minutelyUntil = step.Thinning.MinutelyUntilMs,
                limit = step.RowsMax - step.DeletedCount,
            });
            after = step.DeletedCount < step.RowsMax ? nodeKey : nodeKey - 1;
            step.NextKey = after;
        }
    }
}
