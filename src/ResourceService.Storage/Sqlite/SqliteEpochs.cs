using System.Security.Cryptography;
using Dapper;
using Microsoft.Data.Sqlite;
using ResourceService.Ledger.Epochs;

namespace ResourceService.Storage.Sqlite;

/// <summary>The epochs of a database: where its numbers go on.</summary>
internal static class SqliteEpochs
{
    private const string Restored = "restored";

    /// <summary>The highest numbers that a database of any version of the schema says were given.</summary>
    public static NumberFloors NumbersOf(SqliteConnection connection)
    {
        var version = SchemaUpgrader.VersionOf(connection);
        var audits = version >= 4 ? SqliteStatements.SelectNewestAudit : "SELECT 0";
        var floors = version >= SchemaUpgrader.EpochsVersion ? connection.QuerySingle<(long, long)>(SqliteStatements.SelectFloors) : default;
        return new NumberFloors(connection.ExecuteScalar<long>(SqliteStatements.SelectNewestRevision), connection.ExecuteScalar<long>(SqliteStatements.SelectNewestClaim))
            .Max(new NumberFloors(connection.ExecuteScalar<long>(SqliteStatements.SelectNewestGeneration), connection.ExecuteScalar<long>(audits)))
            .Max(new NumberFloors(floors.Item1, floors.Item2));
    }

    /// <summary>
    /// Raises every number of a database that is about to take a store's place above what is known, those of its nodes among them: whoever remembers
    /// one of the lost time finds that it is an older one, or none.
    /// </summary>
    public static void BeginRestored(SqliteConnection connection, NumberFloors known, long nowMs)
    {
        var next = EpochRules.Next(known.Max(NumbersOf(connection)), nowMs, BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long))))
            ?? throw new StoreException("The backup's numbers are so high that none are left above them: it cannot be restored.");
        using var transaction = connection.BeginTransaction();
        connection.Execute(
            SqliteStatements.InsertEpoch, new { time = nowMs, reason = Restored, revision = next.Revision, sequence = next.Sequence }, transaction);
        connection.Execute(SqliteStatements.RaiseGenerations, new { generation = next.Revision }, transaction);
        transaction.Commit();
    }

    /// <summary>
    /// At a start: when the newest rows are from the future, a clock was ahead that has been set right. From now on they are known to be no
    /// younger than now, or nothing behind them would ever be old enough to go.
    /// </summary>
    public static void NoteRowsOfTheFuture(SqliteConnection connection) => connection.Execute(SqliteStatements.InsertEpochOfClock);

    /// <summary>Between which sequences claims lie: those of each epoch are neighbours, and far from those of the next.</summary>
    public static IReadOnlyList<(long After, long Until)> ClaimRanges(SqliteConnection connection)
    {
        var floors = connection.Query<long>(SqliteStatements.SelectSequenceFloors).Prepend(0).Append(long.MaxValue).Distinct().ToList();
        return [.. floors.Zip(floors.Skip(1), (after, until) =>
            (after, connection.ExecuteScalar<long?>(SqliteStatements.SelectLastClaimWithin, new { after, until }) ?? after))];
    }
}
