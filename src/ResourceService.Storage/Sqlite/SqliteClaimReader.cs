using Dapper;
using ResourceService.Ledger;
using ResourceService.Ledger.Audits;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Migrations;
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

    public IEnumerable<Claim> ListClaims(ClaimFilter filter, long afterSequence, int limit) =>
        Read<ClaimRow, Claim>(SqliteStatements.SelectClaims, new
        {
            after = afterSequence,
            states = filter.States.Select(state => (int)state),
            nodeKey = filter.NodeKey,
            instanceId = filter.InstanceId,
            projectId = filter.ProjectId,
            limit,
        }, static row => row.ToClaim());

    public Migration? FindMigration(long sequence)
    {
        using var connection = connections.OpenReader();
        return connection.QuerySingleOrDefault<MigrationRow>(SqliteStatements.SelectMigration, new { sequence })?.ToMigration();
    }

    public IEnumerable<Migration> ListMigrations(MigrationFilter filter, long afterSequence, int limit)
    {
        var which = filter.States.All(state => state.IsInFlight()) ? SqliteStatements.OnlyInFlight : SqliteStatements.InAnyState;
        return Read<MigrationRow, Migration>(SqliteStatements.SelectMigrations + which, new
        {
            after = afterSequence,
            states = filter.States.Select(state => (int)state),
            nodeKey = filter.NodeKey,
            instanceId = filter.InstanceId,
            typesAreLimited = filter.Types.Count > 0,
            types = filter.Types.Select(type => (int)type),
            limit,
        }, static row => row.ToMigration());
    }

    public byte[]? FindReply(long answer)
    {
        using var connection = connections.OpenReader();
        return answer > 0
            ? connection.QuerySingleOrDefault<byte[]?>(SqliteStatements.SelectReply, new { revision = answer })
            : connection.QuerySingleOrDefault<byte[]?>(SqliteStatements.SelectUnchangedReply, new { number = -answer });
    }

    public IEnumerable<LedgerEvent> ListEvents(EventFilter filter, int limit)
    {
        var sql = SqliteStatements.SelectEvents + (filter.NewestFirst ? SqliteStatements.NewestFirst : SqliteStatements.OldestFirst);
        return Read<EventRow, LedgerEvent>(sql, new
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
        }, static row => row.ToEvent());
    }

    public IReadOnlyList<PastName> ListRenames()
    {
        using var connection = connections.OpenReader();
        return [.. connection.Query<(long Revision, int NodeKey, int OtherKey, string Old, string New)>(SqliteStatements.SelectRenames, buffered: false)
            .Select(row => new PastName(row.Revision - 1, row.NodeKey, row.OtherKey, new NodeId(row.Old), new NodeId(row.New)))];
    }

    public bool IsInHistory(long revision)
    {
        using var connection = connections.OpenReader();
        return connection.ExecuteScalar<bool>(SqliteStatements.SelectIsInHistory, new { revision });
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

    public IEnumerable<Audit> ListAudits(AuditFilter filter, int limit) =>
        Read<AuditRow, Audit>(filter.NodeKey is null ? SqliteStatements.SelectAudits : SqliteStatements.SelectAuditsOfNode, new
        {
            nodeKey = filter.NodeKey,
            start = filter.StartMs ?? long.MinValue,
            end = filter.EndMs ?? long.MaxValue,
            beforeTime = filter.Before?.TimeMs ?? long.MaxValue,
            beforeSequence = filter.Before?.Sequence ?? long.MaxValue,
            driftOnly = filter.DriftOnly,
            limit,
        }, static row => row.ToAudit());

    public IEnumerable<RefusalRecord> ListRefusals(RefusalFilter filter, int limit)
    {
        var (sql, parameters) = SqliteRefusals.Select(filter, limit);
        return Read<RefusalRow, RefusalRecord>(sql, parameters, static row => row.ToRefusal());
    }

    public IEnumerable<UsageSnapshot> ListUsageSnapshots(int nodeKey, long afterTimeMs, long untilTimeMs, long intervalMs, int limit) =>
        Read<SnapshotRow, UsageSnapshot>(
            SqliteStatements.SelectSnapshots,
            new { nodeKey, after = afterTimeMs, until = untilTimeMs, interval = Math.Max(1, intervalMs), limit },
            static row => row.ToSnapshot());

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
            .Select(row => new StoredNode(row.Restore(claims[(int)row.NodeKey], migrations[(int)row.NodeKey]), row.ReadUsed()))];
    }

    /// <summary>The generation of each node's newest event or claim, by node; a node that has neither is left out.</summary>
    public IReadOnlyDictionary<int, long> ReadNewestGenerations()
    {
        using var connection = connections.OpenReader();
        return connection.Query<(int NodeKey, long Generation)>(SqliteStatements.SelectNewestGenerations, buffered: false)
            .ToDictionary(row => row.NodeKey, row => row.Generation);
    }

    // One row at a time: a page may end long before its last one.
    private IEnumerable<T> Read<TRow, T>(string sql, object parameters, Func<TRow, T> read)
    {
        using var connection = connections.OpenReader();
        foreach (var row in connection.Query<TRow>(sql, parameters, buffered: false))
            yield return read(row);
    }
}
