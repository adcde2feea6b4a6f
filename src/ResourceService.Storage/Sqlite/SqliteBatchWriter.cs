using Microsoft.Data.Sqlite;
using ResourceService.Ledger.Claims;
using ResourceService.Storage.Records;

namespace ResourceService.Storage.Sqlite;

/// <summary>Writes a batch's rows inside a transaction: claims, events, nodes, usage, snapshots. One thread at a time.</summary>
internal sealed class SqliteBatchWriter
{
    private readonly RowBinder<CommitBatch.NodeUpdate> _node = new(
        ["@node_key", "@node_id", "@spec", "@state", "@state_reason", "@register_time"],
        static (update, values) =>
        {
            var node = update.After;
            values[0].Value = node.NodeKey;
            values[1].Value = node.Id.Value;
            values[2].Value = SpecText.Write(node.Spec);
            values[3].Value = (int)node.State;
            values[4].Value = node.StateReason;
            values[5].Value = node.RegisterTime.UnixMs;
        });

    private readonly RowBinder<CommitBatch.NodeUpdate> _newUsage = new(
        ["@node_key", "@generation", "@used", "@failed_builds", "@update_time"], BindUsage);

    private readonly RowBinder<CommitBatch.NodeUpdate> _usage = new(
        ["@node_key", "@generation", "@used", "@failed_builds", "@update_time", "@generation_before"],
        static (update, values) =>
        {
            BindUsage(update, values);
            values[5].Value = update.GenerationBefore;
        });

    private readonly RowBinder<Claim> _newPlainClaim = new(
        ["@claim_seq", "@node_key", "@instance_id", "@project_id", "@attributes", "@amounts", "@state", "@lease_end", "@create_time", "@update_time",
            "@generation"],
        BindNewClaim);

    private readonly RowBinder<Claim> _newClaim = new(
        ["@claim_seq", "@node_key", "@instance_id", "@project_id", "@attributes", "@amounts", "@state", "@lease_end", "@create_time", "@update_time",
            "@generation", "@request", "@assignment", "@role"],
        static (claim, values) =>
        {
            BindNewClaim(claim, values);
            values[11].Value = OrNull(RequestText.Write(claim.Request));
            values[12].Value = OrNull(AssignmentText.Write(claim.Assignment));
            values[13].Value = (int)claim.Role;
        });

    private readonly RowBinder<Claim> _claim = new(
        ["@claim_seq", "@project_id", "@attributes", "@state", "@lease_end", "@update_time", "@generation", "@reason"],
        static (claim, values) =>
        {
            values[0].Value = claim.Id.Sequence;
            values[1].Value = claim.Instance.ProjectId;
            values[2].Value = OrNull(AttributesText.Write(claim.Instance));
            values[3].Value = (int)claim.State;
            values[4].Value = OrNull(claim.LeaseEnd?.UnixMs);
            values[5].Value = claim.UpdateTime.UnixMs;
            values[6].Value = claim.Generation;
            values[7].Value = OrNull(claim.Reason);
        });

    private readonly RowBinder<(LedgerEvent Event, RequestOrigin Origin)> _claimedEvent = new(
        ["@claim_seq", "@revision", "@kind", "@generation", "@actor", "@used_after", "@claim_count", "@node_state", "@state_after", "@lease_after",
            "@request_id",
            "@fingerprint", "@reply"],
        static (row, values) =>
        {
            var (recorded, origin) = row;
            values[0].Value = recorded.ClaimId!.Value.Sequence;
            values[1].Value = recorded.Revision;
            values[2].Value = (int)recorded.Kind;
            values[3].Value = recorded.Generation;
            values[4].Value = recorded.Actor;
            values[5].Value = recorded.UsedAfter.ToString();
            values[6].Value = recorded.ClaimCount;
            values[7].Value = (int)recorded.NodeState;
            values[8].Value = OrNull(recorded.StateAfter);
            values[9].Value = OrNull(recorded.LeaseAfter?.UnixMs);
            BindRequest(recorded, origin, values.AsSpan(10));
        });

    private readonly RowBinder<(LedgerEvent Event, RequestOrigin Origin)> _event = new(
        ["@revision", "@time", "@kind", "@node_key", "@generation", "@actor", "@used_after", "@claim_count", "@reason", "@state_before",
            "@state_after", "@instance_id", "@claim_seq", "@amounts", "@lease_before", "@lease_after", "@before", "@after", "@request_id",
            "@fingerprint", "@reply", "@node_state"],
        BindEvent);

    private readonly RowBinder<(long Number, RequestOrigin Origin)> _unchangedRequest = new(
        ["@number", "@request_id", "@fingerprint", "@reply"],
        static (row, values) =>
        {
            values[0].Value = row.Number;
            values[1].Value = row.Origin.RequestId!.Value.ToByteArray(bigEndian: true);
            values[2].Value = row.Origin.Fingerprint;
            values[3].Value = row.Origin.Reply;
        });

    private readonly RowBinder<UsageSnapshot> _snapshot = new(
        ["@node_key", "@time", "@generation", "@used", "@capacity", "@claim_count", "@state"],
        static (snapshot, values) =>
        {
            values[0].Value = snapshot.NodeKey;
            values[1].Value = snapshot.Time.UnixMs;
            values[2].Value = snapshot.Generation;
            values[3].Value = snapshot.Used.ToString();
            values[4].Value = snapshot.Capacity.ToString();
            values[5].Value = snapshot.ClaimCount;
            values[6].Value = (int)snapshot.State;
        });

    /// <summary>Writes everything, or throws: the caller then rolls back.</summary>
    public void Write(PreparedConnection connection, CommitBatch batch)
    {
        // A node's report comes before its usage, which refers to it; a claim's first row before its changes.
        Execute(SqliteStatements.UpsertNode, _node, batch.Nodes.Where(update => update.SpecChanged));
        var written = Execute(SqliteStatements.InsertUsage, _newUsage, batch.Nodes.Where(update => update.GenerationBefore == 0))
            + Execute(SqliteStatements.UpdateUsage, _usage, batch.Nodes.Where(update => update.GenerationBefore > 0));
        if (written != batch.Nodes.Count)
            throw new GenerationConflictException($"{batch.Nodes.Count - written} of {batch.Nodes.Count} nodes were changed by another writer.");

        Execute(SqliteStatements.InsertPlainClaim, _newPlainClaim, batch.AddedClaims.Where(IsPlain));
        Execute(SqliteStatements.InsertClaim, _newClaim, batch.AddedClaims.Where(claim => !IsPlain(claim)));
        Execute(SqliteStatements.UpdateClaim, _claim, batch.ChangedClaims);
        Execute(SqliteStatements.InsertClaimedEvent, _claimedEvent, batch.Events.Zip(batch.Origins).Where(row => IsOfNewClaim(row.First)));
        Execute(SqliteStatements.InsertEvent, _event, batch.Events.Zip(batch.Origins).Where(row => !IsOfNewClaim(row.First)));
        Execute(SqliteStatements.InsertUnchangedRequest, _unchangedRequest, batch.UnchangedRequests);
        Execute(SqliteStatements.UpsertSnapshot, _snapshot, batch.Snapshots);
        foreach (var step in batch.Retention)
            SqliteRetention.Run(connection, step);

        int Execute<T>(string sql, RowBinder<T> binder, IEnumerable<T> rows) => connection.ExecuteKept(sql, binder.Each(rows));
    }

    private static void BindUsage(CommitBatch.NodeUpdate update, SqliteParameter[] values)
    {
        var node = update.After;
        values[0].Value = node.NodeKey;
        values[1].Value = node.Generation;
        values[2].Value = node.UsedByClass().ToString();
        values[3].Value = node.FailedBuilds;
        values[4].Value = node.UpdateTime.UnixMs;
    }

    private static void BindNewClaim(Claim claim, SqliteParameter[] values)
    {
        values[0].Value = claim.Id.Sequence;
        values[1].Value = claim.Id.NodeKey;
        values[2].Value = claim.Instance.Id.Value;
        values[3].Value = claim.Instance.ProjectId;
        values[4].Value = OrNull(AttributesText.Write(claim.Instance));
        values[5].Value = claim.Amounts.ToString();
        values[6].Value = (int)claim.State;
        values[7].Value = OrNull(claim.LeaseEnd?.UnixMs);
        values[8].Value = claim.CreateTime.UnixMs;
        values[9].Value = claim.UpdateTime.UnixMs;
        values[10].Value = claim.Generation;
    }

    private static void BindEvent((LedgerEvent Event, RequestOrigin Origin) row, SqliteParameter[] values)
    {
        var (recorded, origin) = row;
        values[0].Value = recorded.Revision;
        values[1].Value = recorded.Time.UnixMs;
        values[2].Value = (int)recorded.Kind;
        values[3].Value = recorded.NodeKey;
        values[4].Value = recorded.Generation;
        values[5].Value = recorded.Actor;
        values[6].Value = recorded.UsedAfter.ToString();
        values[7].Value = recorded.ClaimCount;
        values[8].Value = OrNull(recorded.Reason);
        values[9].Value = OrNull(recorded.StateBefore);
        values[10].Value = OrNull(recorded.StateAfter);
        values[11].Value = OrNull(recorded.InstanceId?.Value);
        values[12].Value = OrNull(recorded.ClaimId?.Sequence);
        values[13].Value = OrNull(recorded.Amounts?.ToString());
        values[14].Value = OrNull(recorded.LeaseBefore?.UnixMs);
        values[15].Value = OrNull(recorded.LeaseAfter?.UnixMs);
        values[16].Value = OrNull(
            recorded.InstanceBefore is { } instanceBefore ? SpecText.WriteInstance(instanceBefore)
            : recorded.SpecBefore is { } specBefore ? SpecText.Write(specBefore) : null);
        values[17].Value = OrNull(
            recorded.InstanceAfter is { } instanceAfter ? SpecText.WriteInstance(instanceAfter)
            : recorded.SpecAfter is { } specAfter ? SpecText.Write(specAfter) : null);
        BindRequest(recorded, origin, values.AsSpan(18, 3));
        values[21].Value = (int)recorded.NodeState;
    }

    private static void BindRequest(LedgerEvent recorded, RequestOrigin origin, Span<SqliteParameter> values)
    {
        values[0].Value = OrNull(recorded.RequestId?.ToByteArray(bigEndian: true));
        values[1].Value = origin.Reply is null ? DBNull.Value : origin.Fingerprint;
        values[2].Value = OrNull(origin.Reply);
    }

    private static bool IsOfNewClaim(LedgerEvent recorded) => recorded is { ClaimId: not null, StateBefore: null };

    private static bool IsPlain(Claim claim) => claim.Request.IsPlain && claim.Assignment.IsNone && claim.Role == ClaimRole.Primary;

    private static object OrNull<T>(T? value) => value is null or "" ? DBNull.Value : value;
}
