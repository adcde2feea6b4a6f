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
    private readonly StoreRoom _room;

    // Of the writing connection and the room: the committer writes, and somebody looks after the room now and then.
    private readonly Lock _gate = new();
    private readonly SqliteBatchWriter _batchWriter = new();
    private readonly int _checkpointPages;
    private PreparedConnection _writer;
    private long _othersVersion;
    private long _measuredSize;
    private bool _isDisposed;

    private SqliteClaimStore(DataDirectory directory, SqliteConnections connections, StoreFiles files, StoreRoom room, PreparedConnection writer,
        int checkpointPages)
    {
        _checkpointPages = checkpointPages;
        _directory = directory;
        _connections = connections;
        _files = files;
        _room = room;
        _writer = writer;
        _othersVersion = OthersVersion();
        _files.IsOrderly = WroteOrderly;
        ExtendFileOfStart();
        Measure();
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
            var room = new StoreRoom(directory.DatabasePath, options);
            directory.CreateDatabase();
            var files = new StoreFiles(directory.DatabasePath, directory.Mark);
            var connections = new SqliteConnections(directory.DatabasePath, options, files);
            writer = connections.OpenWriter();
            DatabaseFile.RequireSound(writer, directory.DatabasePath, options.IntegrityCheck);
            SchemaUpgrader.Upgrade(writer, directory.DatabasePath);
            var revision = writer.ExecuteScalar<long>(SqliteStatements.SelectLastRevision);
            StoreFiles.RequireRevision(directory.DatabasePath, directory.Mark, revision);
            files.Begin(revision);
            return new SqliteClaimStore(directory, connections, files, room, writer, options.CheckpointPages);
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
            LastRefusalSequence = _writer.ExecuteScalar<long>(RefusalStatements.SelectLast),
            GenerationFloor = _writer.QuerySingle<(long Revision, long Sequence)>(SqliteStatements.SelectFloors).Revision,
        };
    }

    /// <inheritdoc/>
    public IReadOnlyList<NodeView> LoadNodes(IReadOnlySet<int> nodeKeys)
    {
        // The disk is looked at on another thread, by the same connection.
        using var alone = _gate.EnterScope();
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
        using var alone = _gate.EnterScope();
        var requests = _writer.Query<RequestRow>(SqliteStatements.SelectRequestsAfter, new { revision })
            .Concat(_writer.Query<RequestRow>(SqliteStatements.SelectUnchangedRequestsAfter, new { number }))
            .Select(row => row.ToRequest());
        return (
            [.. requests],
            _writer.ExecuteScalar<long>(SqliteStatements.SelectLastRevision),
            _writer.ExecuteScalar<long>(SqliteStatements.SelectLastUnchangedRequest));
    }

    /// <inheritdoc/>
    public void Commit(CommitBatch batch)
    {
        lock (_gate)
            InTransaction(() => _batchWriter.Write(_writer, batch), batch.LastRevision);
    }

    /// <inheritdoc/>
    public string? NearlyFullBecause => _room.TightBecause;

    /// <inheritdoc/>
    public StoreSizes? Sizes => StoreRoom.SizesOf(_directory.DatabasePath);

    /// <inheritdoc/>
    public void Tend()
    {
        // A commit that runs long is not waited for: the next look will do.
        if (!_gate.TryEnter())
            return;
        try
        {
            if (_isDisposed || _files.AreLost)
                return;
            if (_room.TightBecause is not null && _files.LogSize > 0)
                CopyLog(SqliteStatements.EmptyLog);
            Measure();
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <inheritdoc/>
    public void Reopen()
    {
        lock (_gate)
            ReopenAlone();
    }

    private void ReopenAlone()
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
        if (_room.TightBecause is not null)
            CopyLog(SqliteStatements.EmptyLog);
        InTransaction(() => _writer.Execute(SqliteStatements.Probe), revision: null);
        Measure();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            // What closing writes may need it.
            _room.Release();
            SqliteConnection.ClearAllPools();
            if (_files.AreOverwritten)
                SqliteNative.LeaveLog(_writer);
            _writer.Dispose();
            _files.End();
            _directory.Dispose();
        }
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

            var (_, frames, copied) = _writer.QuerySingle<(long Busy, long Frames, long Copied)>(SqliteStatements.CountLogPages);
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
            ExtendFile();
            _writer.ExecuteKept(SqliteStatements.Commit);
        }
        catch
        {
            RollBack();
            _room.NoteFailure();
            _files.Failed();
            throw;
        }

        _files.Committed(revision);
        if (_writer.ReadKept(SqliteStatements.CountLogPages, column: 1) >= _checkpointPages)
            CopyLog(SqliteStatements.CopyLog);
        if (_files.DatabaseSize + _files.LogSize >= _measuredSize + StoreRoom.Step || _files.DatabaseSize == 0)
            Measure();
    }

    // The database gets its room when a change needs it, and not when the log is copied, which may be much later: a log that cannot be copied cannot
    // begin anew either, and grows until nothing can be written any more.
    private void ExtendFile()
    {
        var pages = _writer.ReadKept(SqliteStatements.CountPages);
        if (pages > _room.PagesUncounted)
        {
            if (_room.NotePages(pages - _writer.ReadKept(SqliteStatements.CountFreePages)))
                _measuredSize = -StoreRoom.Step;
        }

        if (pages * SqliteConnections.PageSize <= _files.DatabaseSize)
            return;
        _files.RequireDatabaseUntouched();
        try
        {
            SqliteNative.Extend(_writer, pages * SqliteConnections.PageSize);
        }
        finally
        {
            _files.NoteWritten();
        }
    }

    // A disk that was full before the service was there does not keep it from serving what there is.
    private void ExtendFileOfStart()
    {
        try
        {
            ExtendFile();
        }
        catch (SqliteException)
        {
            // The first change meets it as well, and says so.
        }
    }

    private void Measure()
    {
        _room.Measure();
        _measuredSize = _files.DatabaseSize + _files.LogSize;
    }

    // Somebody who reads may stand in the way, and a full disk in that of the next commit, which says so: the next time will do.
    private void CopyLog(string statement)
    {
        _files.RequireUntouched();
        try
        {
            _writer.Execute(statement);
        }
        catch (SqliteException)
        {
            // What was committed is in the log in any case.
        }
        finally
        {
            _files.NoteWritten();
        }
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
