using Microsoft.Data.Sqlite;
using ResourceService.Ledger;
using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Migrations;
using ResourceService.Storage.Records;

namespace ResourceService.Storage.Sqlite;

/// <summary>Writes a batch's rows inside a transaction: claims, moves, events, nodes, usage, snapshots. One thread at a time.</summary>
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
        ["@claim_seq", "@project_id", "@attributes", "@state", "@lease_end", "@update_time", "@generation", "@reason"], BindClaim);

    private readonly RowBinder<Claim> _wholeClaim = new(
        ["@claim_seq", "@project_id", "@attributes", "@state", "@lease_end", "@update_time", "@generation", "@reason", "@amounts", "@request",
            "@assignment", "@role"],
        static (claim, values) =>
        {
            BindClaim(claim, values);
            values[8].Value = claim.Amounts.ToString();
            values[9].Value = OrNull(RequestText.Write(claim.Request));
            values[10].Value = OrNull(AssignmentText.Write(claim.Assignment));
            values[11].Value = (int)claim.Role;
        });

    private readonly RowBinder<Migration> _newMigration = new(
        ["@migration_seq", "@state", "@lease_end", "@update_time", "@end_time", "@reason", "@generation", "@target_key", "@source_key",
            "@source_seq", "@type", "@instance_id", "@create_time"],
        static (migration, values) =>
        {
            BindMigration(migration, values);
            values[7].Value = migration.Target.NodeKey;
            values[8].Value = migration.Source.NodeKey;
            values[9].Value = migration.Source.Sequence;
            values[10].Value = (int)migration.Type;
            values[11].Value = migration.Instance.Value;
            values[12].Value = migration.CreateTime.UnixMs;
        });

    private readonly RowBinder<Migration> _migration = new(
        ["@migration_seq", "@state", "@lease_end", "@update_time", "@end_time", "@reason", "@generation"], BindMigration);

    private readonly RowBinder<(LedgerEvent Event, RequestOrigin Origin)> _claimedEvent = new(
        ["@claim_seq", "@revision", "@kind", "@generation", "@actor", "@used_after", "@claim_count", "@node_state", "@state_after", "@lease_after",
            "@request_id",
            "@fingerprint", "@reply", "@time"],
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
            values[13].Value = recorded.Time.UnixMs;
        });

    private readonly RowBinder<(LedgerEvent Event, RequestOrigin Origin)> _event = new(
        ["@revision", "@time", "@kind", "@node_key", "@generation", "@actor", "@used_after", "@claim_count", "@reason", "@state_before",
            "@state_after", "@instance_id", "@claim_seq", "@amounts", "@lease_before", "@lease_after", "@before", "@after", "@request_id",
            "@fingerprint", "@reply", "@node_state"],
        BindEvent);

    private readonly RowBinder<(LedgerEvent Event, RequestOrigin Origin)> _fullEvent = new(
        ["@revision", "@time", "@kind", "@node_key", "@generation", "@actor", "@used_after", "@claim_count", "@reason", "@state_before",
            "@state_after", "@instance_id", "@claim_seq", "@amounts", "@lease_before", "@lease_after", "@before", "@after", "@request_id",
            "@fingerprint", "@reply", "@node_state", "@migration_seq", "@target_key", "@source_key", "@migration_before", "@migration_after",
            "@audit_seq", "@amounts_before", "@claim_role"],
        static (row, values) =>
        {
            BindEvent(row, values);
            var recorded = row.Event;
            values[22].Value = OrNull(recorded.MigrationId?.Sequence);
            values[23].Value = OrNull(recorded.MigrationId?.NodeKey);
            values[24].Value = OrNull(recorded.MovedFrom);
            values[25].Value = OrNull((int?)recorded.MigrationBefore);
            values[26].Value = OrNull((int?)recorded.MigrationAfter);
            values[27].Value = OrNull(recorded.AuditId?.Sequence);
            values[28].Value = OrNull(recorded.AmountsBefore?.ToString());
            values[29].Value = recorded.IsOfObserved ? (int)ClaimRole.Observed : DBNull.Value;
        });

    private readonly RowBinder<Audit> _audit = new(
        ["@audit_seq", "@node_key", "@mode", "@time", "@observe_time", "@observed_generation", "@node_generation", "@actor", "@instance_count",
            "@drift_count", "@healed_count", "@drifts"],
        static (audit, values) =>
        {
            values[0].Value = audit.Id.Sequence;
            values[1].Value = audit.Id.NodeKey;
            values[2].Value = (int)audit.Mode;
            values[3].Value = audit.Time.UnixMs;
            values[4].Value = audit.ObserveTime.UnixMs;
            values[5].Value = audit.ObservedGeneration;
            values[6].Value = audit.NodeGeneration;
            values[7].Value = audit.Actor;
            values[8].Value = audit.InstanceCount;
            values[9].Value = audit.DriftCount;
            values[10].Value = audit.HealedCount;
            values[11].Value = AuditText.Write(audit.Drifts);
        });

    private readonly RowBinder<Audit> _lastAudit = new(
        ["@node_key", "@audit_seq", "@time"],
        static (audit, values) =>
        {
            values[0].Value = audit.Id.NodeKey;
            values[1].Value = audit.Id.Sequence;
            values[2].Value = audit.Time.UnixMs;
        });

    private readonly RowBinder<CommitBatch.NodeUpdate> _noName = new(["@node_key"], static (update, values) => values[0].Value = update.After.NodeKey);

    private readonly RowBinder<CommitBatch.NodeUpdate> _noAudit = new(["@node_key"], static (update, values) => values[0].Value = update.After.NodeKey);

    private readonly RowBinder<(long Number, RequestOrigin Origin, Instant? Time)> _unchangedRequest = new(
        ["@number", "@request_id", "@fingerprint", "@reply", "@time"],
        static (row, values) =>
        {
            values[0].Value = row.Number;
            values[1].Value = row.Origin.RequestId!.Value.ToByteArray(bigEndian: true);
            values[2].Value = row.Origin.Fingerprint;
            values[3].Value = row.Origin.Reply;
            values[4].Value = OrNull(row.Time?.UnixMs);
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

    private readonly SqliteRefusals _refusals = new();

    /// <summary>Writes everything, or throws: the caller then rolls back.</summary>
    public void Write(PreparedConnection connection, CommitBatch batch)
    {
        // A node's report comes before its usage, which refers to it; a claim's first row before its changes.
        Execute(SqliteStatements.FreeNodeName, _noName, batch.Nodes.Where(update => update.IsRenamed));
        Execute(SqliteStatements.UpsertNode, _node, batch.Nodes.Where(update => update.SpecChanged));
        var written = Execute(SqliteStatements.InsertUsage, _newUsage, batch.Nodes.Where(update => update.GenerationBefore == 0))
            + Execute(SqliteStatements.UpdateUsage, _usage, batch.Nodes.Where(update => update.GenerationBefore > 0));
        if (written != batch.Nodes.Count)
            throw new GenerationConflictException($"{batch.Nodes.Count - written} of {batch.Nodes.Count} nodes were changed by another writer.");

        Execute(SqliteStatements.InsertPlainClaim, _newPlainClaim, batch.AddedClaims.Where(IsPlain));
        Execute(SqliteStatements.InsertClaim, _newClaim, batch.AddedClaims.Where(claim => !IsPlain(claim)));
        Execute(SqliteStatements.UpdateClaim, _claim, batch.ChangedClaims);
        Execute(SqliteStatements.UpdateWholeClaim, _wholeClaim, batch.RewrittenClaims);
        Execute(SqliteStatements.InsertMigration, _newMigration, batch.AddedMigrations);
        Execute(SqliteStatements.UpdateMigration, _migration, batch.ChangedMigrations);
        Execute(SqliteStatements.InsertClaimedEvent, _claimedEvent, batch.Events.Zip(batch.Origins).Where(row => IsOfNewClaim(row.First)));
        Execute(SqliteStatements.InsertFullEvent, _fullEvent, batch.Events.Zip(batch.Origins).Where(row => IsFull(row.First)));
        Execute(SqliteStatements.InsertEvent, _event, batch.Events.Zip(batch.Origins).Where(row => !IsOfNewClaim(row.First) && !IsFull(row.First)));
        Execute(SqliteStatements.InsertAudit, _audit, batch.Audits);
        Execute(SqliteStatements.UpsertNodeAudit, _lastAudit, batch.Audits);
        // After the audits: one of the life before may be in the same batch.
        Execute(SqliteStatements.DeleteNodeAudit, _noAudit, batch.Nodes.Where(HasNoAuditAnyMore));
        Execute(SqliteStatements.InsertUnchangedRequest, _unchangedRequest, batch.UnchangedRequests);
        Execute(SqliteStatements.UpsertSnapshot, _snapshot, batch.Snapshots);
        foreach (var refusals in batch.Refusals)
            _refusals.Write(connection, refusals);
        foreach (var step in batch.Retention)
            SqliteRetention.Run(connection, step);

        int Execute<T>(string sql, RowBinder<T> binder, IEnumerable<T> rows) => connection.ExecuteKept(sql, binder.Each(rows));
    }

    private static bool HasNoAuditAnyMore(CommitBatch.NodeUpdate update) =>
        update.SpecChanged && update.GenerationBefore > 0 && update.After.LastAudit is null;

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

    private static void BindClaim(Claim claim, SqliteParameter[] values)
    {
        values[0].Value = claim.Id.Sequence;
        values[1].Value = claim.Instance.ProjectId;
        values[2].Value = OrNull(AttributesText.Write(claim.Instance));
        values[3].Value = (int)claim.State;
        values[4].Value = OrNull(claim.LeaseEnd?.UnixMs);
        values[5].Value = claim.UpdateTime.UnixMs;
        values[6].Value = claim.Generation;
        values[7].Value = OrNull(claim.Reason);
    }

    private static void BindMigration(Migration migration, SqliteParameter[] values)
    {
        values[0].Value = migration.Id.Sequence;
        values[1].Value = (int)migration.State;
        values[2].Value = OrNull(migration.LeaseEnd?.UnixMs);
        values[3].Value = migration.UpdateTime.UnixMs;
        values[4].Value = OrNull(migration.EndTime?.UnixMs);
        values[5].Value = OrNull(migration.Reason);
        values[6].Value = migration.Generation;
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

    private static bool IsOfNewClaim(LedgerEvent recorded) => recorded is { ClaimId: not null, StateBefore: null } && !IsFull(recorded);

    private static bool IsFull(LedgerEvent recorded) => recorded.MigrationId is not null || recorded.MovedFrom is not null || recorded.AuditId is not null || recorded.IsOfObserved;

    private static bool IsPlain(Claim claim) => claim.Request.IsPlain && claim.Assignment.IsNone && claim.Role == ClaimRole.Primary;

    private static object OrNull<T>(T? value) => value is null or "" ? DBNull.Value : value;
}
