using Dapper;
using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;
using ResourceService.Storage.Records;

namespace ResourceService.Storage.Sqlite;

/// <summary>Reads of a SQLite file beside its writer: in WAL mode each sees the last commit before it began.</summary>
internal sealed class SqliteClaimReader(SqliteConnections connections) : IClaimReader
{
    public Claim? FindClaim(long sequence)
    {
        using var connection = connections.OpenReader();
        return connection.QuerySingleOrDefault<ClaimRow>(SqliteStatements.SelectClaim, new { sequence })?.ToClaim();
    }

    public IReadOnlyList<Claim> ListClaims(ClaimFilter filter, long afterSequence, int limit)
    {
        using var connection = connections.OpenReader();
        var rows = connection.Query<ClaimRow>(SqliteStatements.SelectClaims, new
        {
            after = afterSequence,
            states = filter.States.Select(state => (int)state),
            nodeKey = filter.NodeKey,
            instanceId = filter.InstanceId,
            projectId = filter.ProjectId,
            limit,
        });
        return [.. rows.Select(row => row.ToClaim())];
    }

    public Migration? FindMigration(long sequence)
    {
        using var connection = connections.OpenReader();
        return connection.QuerySingleOrDefault<MigrationRow>(SqliteStatements.SelectMigration, new { sequence })?.ToMigration();
    }

    public IReadOnlyList<Migration> ListMigrations(MigrationFilter filter, long afterSequence, int limit)
    {
        using var connection = connections.OpenReader();
        var which = filter.States.All(state => state.IsInFlight()) ? SqliteStatements.OnlyInFlight : SqliteStatements.InAnyState;
        var rows = connection.Query<MigrationRow>(SqliteStatements.SelectMigrations + which, new
        {
            after = afterSequence,
            states = filter.States.Select(state => (int)state),
            nodeKey = filter.NodeKey,
            instanceId = filter.InstanceId,
            typesAreLimited = filter.Types.Count > 0,
            types = filter.Types.Select(type => (int)type),
            limit,
        });
        return [.. rows.Select(row => row.ToMigration())];
    }

    public byte[]? FindReply(long answer)
    {
        using var connection = connections.OpenReader();
        return answer > 0
            ? connection.QuerySingleOrDefault<byte[]?>(SqliteStatements.SelectReply, new { revision = answer })
            : connection.QuerySingleOrDefault<byte[]?>(SqliteStatements.SelectUnchangedReply, new { number = -answer });
    }

    public IReadOnlyList<LedgerEvent> ListEvents(EventFilter filter, int limit)
    {
        using var connection = connections.OpenReader();
        var sql = SqliteStatements.SelectEvents + (filter.NewestFirst ? SqliteStatements.NewestFirst : SqliteStatements.OldestFirst);
        var rows = connection.Query<EventRow>(sql, new
        {
            after = filter.After,
            until = filter.Until,
            nodeKey = filter.NodeKey,
            instanceId = filter.InstanceId,
            claimSequence = filter.ClaimSequence,
            migrationSequence = filter.MigrationSequence,
            actor = filter.Actor,
            kindsAreLimited = filter.KindsAreLimited,
            kinds = filter.Kinds.Select(kind => (int)kind),
            start = filter.StartMs,
            end = filter.EndMs,
            limit,
        });
        return [.. rows.Select(row => row.ToEvent())];
    }

    public long OldestRevision()
    {
        using var connection = connections.OpenReader();
        return connection.ExecuteScalar<long>(SqliteStatements.SelectOldestRevision);
    }

    public Audit? FindAudit(long sequence)
    {
        using var connection = connections.OpenReader();
        return connection.QuerySingleOrDefault<AuditRow>(SqliteStatements.SelectAudit, new { sequence })?.ToAudit();
    }

    public IReadOnlyList<Audit> ListAudits(AuditFilter filter, int limit)
    {
        using var connection = connections.OpenReader();
        var rows = connection.Query<AuditRow>(filter.NodeKey is null ? SqliteStatements.SelectAudits : SqliteStatements.SelectAuditsOfNode, new
        {
            nodeKey = filter.NodeKey,
            start = filter.StartMs ?? long.MinValue,
            end = filter.EndMs ?? long.MaxValue,
            beforeTime = filter.Before?.TimeMs ?? long.MaxValue,
            beforeSequence = filter.Before?.Sequence ?? long.MaxValue,
            driftOnly = filter.DriftOnly,
            limit,
        });
        return [.. rows.Select(row => row.ToAudit())];
    }

    public IReadOnlyList<UsageSnapshot> ListUsageSnapshots(int nodeKey, long afterTimeMs, long untilTimeMs, long intervalMs, int limit)
    {
        using var connection = connections.OpenReader();
        var rows = connection.Query<SnapshotRow>(
            SqliteStatements.SelectSnapshots, new { nodeKey, after = afterTimeMs, until = untilTimeMs, interval = Math.Max(1, intervalMs), limit });
        return [.. rows.Select(row => row.ToSnapshot())];
    }

    public IReadOnlyList<StoredNode> ReadNodes(int? nodeKey)
    {
        using var connection = connections.OpenReader();
        // One transaction: nodes, usage, claims and moves are from the same commit.
        using var transaction = connection.BeginTransaction(deferred: true);
        var claims = connection.Query<ClaimRow>(SqliteStatements.SelectAllLiveClaims, transaction: transaction, buffered: false)
            .Where(row => nodeKey is null || row.NodeKey == nodeKey)
            .Select(row => row.ToClaim())
            .ToLookup(claim => claim.Id.NodeKey);
        var migrations = connection.Query<MigrationRow>(SqliteStatements.SelectMigrationsInFlight, transaction: transaction)
            .ToLookup(row => (int)row.TargetKey, row => row.ToMigration());
        return [.. connection.Query<NodeRow>(SqliteStatements.SelectNodes, transaction: transaction, buffered: false)
            .Where(row => nodeKey is null || row.NodeKey == nodeKey)
            .Select(row => new StoredNode(
                NodeView.Restore(row.ToNode(), claims[(int)row.NodeKey], migrations[(int)row.NodeKey]), AmountsText.Read(row.Used)))];
    }
}
