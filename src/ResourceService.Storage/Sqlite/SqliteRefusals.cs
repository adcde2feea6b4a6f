namespace ResourceService.Storage.Sqlite;

/// <summary>Refused claims in the store: written and bounded in the writer's transaction. One thread at a time.</summary>
internal sealed class SqliteRefusals
{
    // The bound may have been lowered since the last start: the surplus goes in steps that no claim notices.
    private const int SurplusMax = 500;

    private readonly RowBinder<RefusalRecord> _refusal = new(
        ["@refusal_seq", "@time", "@actor", "@instance_id", "@project_id", "@reason", "@body"],
        static (refusal, values) =>
        {
            values[0].Value = refusal.Sequence;
            values[1].Value = refusal.Time.UnixMs;
            values[2].Value = refusal.Actor;
            values[3].Value = refusal.InstanceId;
            values[4].Value = refusal.ProjectId;
            values[5].Value = refusal.Reason;
            values[6].Value = refusal.Body;
        });

    private readonly RowBinder<(long Sequence, string NodeId)> _node = new(
        ["@refusal_seq", "@node_id"],
        static (row, values) =>
        {
            values[0].Value = row.Sequence;
            values[1].Value = row.NodeId;
        });

    /// <summary>Writes the refusals, and forgets as many of the oldest as are too many.</summary>
    public void Write(PreparedConnection connection, RefusalWrite write)
    {
        connection.ExecuteKept(RefusalStatements.Insert, _refusal.Each(write.Rows));
        connection.ExecuteKept(
            RefusalStatements.InsertNode, _node.Each(write.Rows.SelectMany(refusal => refusal.NodeIds.Select(node => (refusal.Sequence, node)))));
        if (connection.ExecuteKept(RefusalStatements.DeleteSurplus, new { from = write.KeepFrom, limit = write.Rows.Count + SurplusMax }) > 0)
            connection.ExecuteKept(RefusalStatements.DeleteNodesOfNone);
    }

    /// <summary>The statement for a filter, with its parameters.</summary>
    public static (string Sql, object Parameters) Select(RefusalFilter filter, int limit)
    {
        // Only what is asked for stands in it: an index of the instance or of the node then leads to the few rows.
        var sql = RefusalStatements.Select
            + (filter.NodeId is null ? "" : RefusalStatements.OfNode)
            + RefusalStatements.Within
            + (filter.InstanceId is null ? "" : " AND r.instance_id = @InstanceId")
            + (filter.ProjectId is null ? "" : " AND r.project_id = @ProjectId")
            + (filter.Actor is null ? "" : " AND r.actor = @Actor")
            + (filter.Reasons.Count == 0 ? "" : " AND r.reason IN @Reasons")
            + RefusalStatements.NewestFirst;
        return (sql, new
        {
            filter.NodeId,
            filter.InstanceId,
            filter.ProjectId,
            filter.Actor,
            filter.Reasons,
            before = filter.Before,
            start = filter.StartMs ?? long.MinValue,
            end = filter.EndMs ?? long.MaxValue,
            limit,
        });
    }
}

/// <summary>The statements about refused claims.</summary>
internal static class RefusalStatements
{
    /// <summary>Keeps a refusal; after a commit in doubt it may be there already.</summary>
    public const string Insert = """
        INSERT OR IGNORE INTO refusals (refusal_seq, time, actor, instance_id, project_id, reason, body)
        VALUES (@refusal_seq, @time, @actor, @instance_id, @project_id, @reason, @body)
        """;

    /// <summary>Keeps a node that was named.</summary>
    public const string InsertNode = "INSERT OR IGNORE INTO refusal_nodes (refusal_seq, node_id) VALUES (@refusal_seq, @node_id)";

    /// <summary>Forgets the oldest of those before a number.</summary>
    public const string DeleteSurplus =
        "DELETE FROM refusals WHERE refusal_seq IN (SELECT refusal_seq FROM refusals WHERE refusal_seq < @from ORDER BY refusal_seq LIMIT @limit)";

    /// <summary>Forgets the nodes of refusals that were forgotten: always the oldest.</summary>
    public const string DeleteNodesOfNone = "DELETE FROM refusal_nodes WHERE refusal_seq < (SELECT coalesce(min(refusal_seq), 0) FROM refusals)";

    /// <summary>Which is the newest?</summary>
    public const string SelectLast = "SELECT coalesce(max(refusal_seq), 0) FROM refusals";

    /// <summary>Which are the oldest?</summary>
    public const string SelectOldest = "SELECT refusal_seq, time FROM refusals WHERE @now IS NOT NULL ORDER BY refusal_seq LIMIT @limit";

    /// <summary>Forgets all before a number.</summary>
    public const string DeleteBefore = "DELETE FROM refusals WHERE refusal_seq < @from";

    /// <summary>Which refusals match a filter?</summary>
    public const string Select = """
        SELECT r.refusal_seq AS Sequence, r.time AS Time, r.actor AS Actor, r.instance_id AS InstanceId, r.project_id AS ProjectId, r.reason AS Reason,
            r.body AS Body
        FROM refusals r
        """;

    /// <summary>Of those, the ones that named a node.</summary>
    public const string OfNode = " JOIN refusal_nodes n ON n.refusal_seq = r.refusal_seq AND n.node_id = @NodeId";

    /// <summary>Before one of them, and in a span of time.</summary>
    public const string Within = " WHERE r.refusal_seq < @before AND r.time >= @start AND r.time < @end";

    /// <summary>The newest first.</summary>
    public const string NewestFirst = " ORDER BY r.refusal_seq DESC LIMIT @limit";
}
