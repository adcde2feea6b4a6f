using Dapper;
using Microsoft.Data.Sqlite;
using ResourceService.Ledger;
using ResourceService.Ledger.Claims;
using ResourceService.Ledger.Migrations;
using ResourceService.Ledger.Nodes;
using ResourceService.Storage.Records;

namespace ResourceService.Storage.Sqlite;

/// <summary>The writer's side of a SQLite file. Owns the one writing connection and the data directory's lock.</summary>
public sealed class SqliteClaimStore : IClaimStore
{
    private readonly DataDirectory _directory;
    private readonly SqliteConnections _connections;
    private readonly StoreFiles _files;
    private readonly SqliteBatchWriter _batchWriter = new();
    private PreparedConnection _writer;
    private long _othersVersion;
    private bool _isDisposed;

    private SqliteClaimStore(DataDirectory directory, SqliteConnections connections, StoreFiles files, PreparedConnection writer)
    {
        _directory = directory;
        _connections = connections;
        _files = files;
        _writer = writer;
        _othersVersion = OthersVersion();
        _files.IsOrderly = WroteOrderly;
        Reader = new SqliteClaimReader(connections);
    }

    /// <summary>The readers' side of the same file.</summary>
    public IClaimReader Reader { get; }

    /// <summary>Opens the store, creating it when it is new and upgrading its schema when it is old.</summary>
    public static SqliteClaimStore Open(StorageOptions options)
    {
        var directory = DataDirectory.Open(options.DataDirectory);
        PreparedConnection? writer = null;
        try
        {
            StoreFiles.RequireWhole(directory.DatabasePath, directory.Mark);
            directory.CreateDatabase();
            var files = new StoreFiles(directory.DatabasePath, directory.Mark);
            var connections = new SqliteConnections(directory.DatabasePath, options, files);
            writer = connections.OpenWriter();
            DatabaseFile.RequireSound(writer, directory.DatabasePath, options.IntegrityCheck);
            SchemaUpgrader.Upgrade(writer, directory.DatabasePath);
            var revision = writer.ExecuteScalar<long>(SqliteStatements.SelectLastRevision);
            StoreFiles.RequireRevision(directory.DatabasePath, directory.Mark, revision);
            files.Begin(revision);
            return new SqliteClaimStore(directory, connections, files, writer);
        }
        catch (SqliteException cause) when (DatabaseFile.IsDamage(cause))
        {
            Close();
            throw DatabaseFile.Damaged(directory.DatabasePath, cause.Message, DatabaseFile.NotServed, cause);
        }
        catch (Exception cause) when (cause is SqliteException or IOException)
        {
            Close();
            throw new StoreException(
                $"The database {directory.DatabasePath} cannot be opened: {cause.Message} Check that the file and its folder are writable.", cause);
        }
        catch
        {
            Close();
            throw;
        }

        void Close()
        {
            writer?.Dispose();
            directory.Dispose();
        }
    }

    /// <inheritdoc/>
    public StoreContents Load(int remembered)
    {
        InTransaction(() => SqliteEpochs.NoteRowsOfTheFuture(_writer), revision: null);
        var claimRanges = SqliteEpochs.ClaimRanges(_writer);
        IReadOnlyList<RememberedRequest> requests = [];
        NodeView[] views = [];
        IReadOnlyList<UsageDifference> differences = [];
        SideBySide.Run(() => requests = LoadRequests(remembered), () => (views, differences) = LoadViews(claimRanges));
        return new StoreContents(
            views,
            requests,
            _writer.ExecuteScalar<long>(SqliteStatements.SelectLastRevision),
            _writer.ExecuteScalar<long>(SqliteStatements.SelectLastUnchangedRequest),
            _writer.ExecuteScalar<long>(SqliteStatements.SelectLastClaim),
            _writer.ExecuteScalar<long>(SqliteStatements.SelectLastAudit),
            differences)
        {
            LastEventTime = new Instant(_writer.ExecuteScalar<long?>(SqliteStatements.SelectLastEventTime) ?? 0),
            GenerationFloor = _writer.QuerySingle<(long Revision, long Sequence)>(SqliteStatements.SelectFloors).Revision,
        };
    }

    /// <inheritdoc/>
    public IReadOnlyList<NodeView> LoadNodes(IReadOnlySet<int> nodeKeys)
    {
        // All nodes are read and few kept: this happens after a failure only, and a list of keys has no bound that SQL could take.
        var claims = _writer.Query<ClaimRow>(SqliteStatements.SelectAllLiveClaims, buffered: false)
            .Where(row => nodeKeys.Contains((int)row.NodeKey))
            .Select(row => row.ToClaim())
            .ToLookup(claim => claim.Id.NodeKey);
        var migrations = LoadMigrationsInFlight();
        return [.. _writer.Query<NodeRow>(SqliteStatements.SelectNodes, buffered: false)
            .Where(row => nodeKeys.Contains((int)row.NodeKey))
            .Select(row => row.Restore(claims[(int)row.NodeKey], migrations[(int)row.NodeKey]))];
    }

    /// <inheritdoc/>
    public (IReadOnlyList<RememberedRequest> Requests, long LastRevision, long LastUnchangedRequest) LoadRequestsAfter(long revision, long number)
    {
        var requests = _writer.Query<RequestRow>(SqliteStatements.SelectRequestsAfter, new { revision })
            .Concat(_writer.Query<RequestRow>(SqliteStatements.SelectUnchangedRequestsAfter, new { number }))
            .Select(row => row.ToRequest());
        return (
            [.. requests],
            _writer.ExecuteScalar<long>(SqliteStatements.SelectLastRevision),
            _writer.ExecuteScalar<long>(SqliteStatements.SelectLastUnchangedRequest));
    }

    /// <inheritdoc/>
    public void Commit(CommitBatch batch) => InTransaction(() => _batchWriter.Write(_writer, batch), batch.LastRevision);

    /// <inheritdoc/>
    public void Reopen()
    {
        if (_files.IsLogAloneLost)
            _writer.Execute("PRAGMA wal_checkpoint(FULL)");
        _files.RequireDatabaseUntouched();
        // Before the old one is closed: as long as a file is open no other file gets its number.
        var writer = _connections.OpenWriter();
        try
        {
            _files.NoteWritten();
        }
        catch
        {
            writer.Dispose();
            throw;
        }

        _writer.Dispose();
        _writer = writer;
        _othersVersion = OthersVersion();
        InTransaction(() => _writer.Execute(SqliteStatements.Probe), revision: null);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        SqliteConnection.ClearAllPools();
        if (_files.AreOverwritten)
            SqliteNative.LeaveLog(_writer);
        _writer.Dispose();
        _files.End();
        _directory.Dispose();
    }

    // A number that changes with each commit of another connection.
    private long OthersVersion() => _writer.ExecuteScalar<long>("PRAGMA data_version");

    // Somebody may have the database open by SQLite as well, and change it or copy the log into it: that is found out by generations, not here.
    private bool WroteOrderly()
    {
        try
        {
            var version = OthersVersion();
            if (version != _othersVersion)
            {
                _othersVersion = version;
                return true;
            }

            var (_, frames, copied) = _writer.QuerySingle<(long Busy, long Frames, long Copied)>("PRAGMA wal_checkpoint(NOOP)");
            if (frames != copied)
                return false;
            // The whole log was copied. A connection of its own has no pages in memory.
            using var alone = DatabaseFile.OpenAlone(_directory.DatabasePath, SqliteOpenMode.ReadOnly);
            return alone.ExecuteScalar<long>(SqliteStatements.SelectLastRevision) >= _directory.Mark.Revision;
        }
        catch (SqliteException)
        {
            return false;
        }
    }

    // IMMEDIATE: the one writer never finds out in the middle that it may not write.
    private void InTransaction(Action write, long? revision)
    {
        _files.RequireUntouched();
        _writer.ExecuteKept(SqliteStatements.Begin);
        try
        {
            write();
            _writer.ExecuteKept(SqliteStatements.Commit);
        }
        catch
        {
            RollBack();
            _files.RequireDatabaseUntouched();
            throw;
        }

        _files.Committed(revision);
    }

    // After some failures SQLite has rolled back by itself and says so; the failure that led here is the one that counts.
    private void RollBack()
    {
        try
        {
            _writer.Execute(SqliteStatements.Rollback);
        }
        catch (SqliteException)
        {
            // The connection is dropped before the next write in any case.
        }
    }

    private ILookup<int, Migration> LoadMigrationsInFlight() =>
        _writer.Query<MigrationRow>(SqliteStatements.SelectMigrationsInFlight).ToLookup(row => (int)row.TargetKey, row => row.ToMigration());

    private (NodeView[] Views, IReadOnlyList<UsageDifference> Differences) LoadViews(IReadOnlyList<(long After, long Until)> claimRanges)
    {
        var nodes = _writer.Query<NodeRow>(SqliteStatements.SelectNodes).AsList();
        var claims = LoadLiveClaims(claimRanges);
        var migrations = LoadMigrationsInFlight();
        var views = new NodeView[nodes.Count];
        SideBySide.For(nodes.Count, i =>
        {
            var key = (int)nodes[i].NodeKey;
            views[i] = nodes[i].Restore(claims.TryGetValue(key, out var ofNode) ? ofNode : [], migrations[key]);
        });
        return (views, [.. nodes.Zip(views)
            .Select(pair => new UsageDifference(pair.Second.Id, pair.First.ReadUsed(), pair.Second.UsedByClass()))
            .Where(pair => !pair.Recorded.Equals(pair.Summed))]);
    }

    // The oldest first. Both kinds are read newest first, because the newest are to be remembered.
    private IReadOnlyList<RememberedRequest> LoadRequests(int limit)
    {
        using var reader = _connections.OpenReader();
        var (changes, unchanged) = (Read(SqliteStatements.SelectLastRequests), Read(SqliteStatements.SelectLastUnchangedRequests));
        var merged = new List<RememberedRequest>(changes.Count + unchanged.Count);
        for (int i = changes.Count - 1, j = unchanged.Count - 1; i >= 0 || j >= 0;)
            merged.Add(j < 0 || (i >= 0 && changes[i].TimeMs <= unchanged[j].TimeMs) ? changes[i--] : unchanged[j--]);
        return merged;

        List<RememberedRequest> Read(string sql) => [.. reader.Query<RequestRow>(sql, new { limit }, buffered: false).Select(row => row.ToRequest())];
    }

    // Claims are most of what is read at start. Ranges of sequences are read side by side, one per core.
    private Dictionary<int, List<Claim>> LoadLiveClaims(IReadOnlyList<(long After, long Until)> claimRanges)
    {
        var ranges = Math.Max(1, Environment.ProcessorCount);
        var parts = new List<Claim>[ranges];
        SideBySide.For(ranges, range =>
        {
            using var reader = _connections.OpenReader();
            parts[range] = [.. claimRanges
                .Select(all => (all.After, all.Until, Width: ((all.Until - all.After) / ranges) + 1))
                .Select(all => new { after = all.After + (range * all.Width), until = Math.Min(all.Until, all.After + ((range + 1) * all.Width)) })
                .SelectMany(bounds => reader.Query<ClaimRow>(SqliteStatements.SelectLiveClaims, bounds, buffered: false))
                .Select(row => row.ToClaim())];
        });

        var byNode = new Dictionary<int, List<Claim>>();
        foreach (var claim in parts.SelectMany(part => part))
        {
            if (!byNode.TryGetValue(claim.Id.NodeKey, out var ofNode))
                byNode.Add(claim.Id.NodeKey, ofNode = []);
            ofNode.Add(claim);
        }

        return byNode;
    }
}
