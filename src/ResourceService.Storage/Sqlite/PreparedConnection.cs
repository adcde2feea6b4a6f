using System.Diagnostics.CodeAnalysis;
using Dapper;
using Microsoft.Data.Sqlite;

namespace ResourceService.Storage.Sqlite;

/// <summary>
/// A connection that keeps the commands of its statements prepared. Dapper makes a command for each Execute and disposes it, and SQLite would
/// parse and plan the same few statements anew for every batch, which costs a small batch more than its rows.
/// </summary>
internal sealed class PreparedConnection(string connectionString) : SqliteConnection(connectionString)
{
    private readonly Dictionary<string, KeptCommand> _kept = new(StringComparer.Ordinal);
    private KeptCommand? _next;

    /// <summary>Executes a statement with its kept command, once per element when the parameters are many.</summary>
    public int ExecuteKept(string sql, object? parameters = null)
    {
        _next = KeptOf(sql);
        try
        {
            return this.Execute(sql, parameters);
        }
        finally
        {
            // Nothing to execute takes no command; it must not be left for another statement.
            _next = null;
        }
    }

    /// <summary>Reads one number with a statement's kept command.</summary>
    public long ReadKept(string sql, int column = 0)
    {
        using var reader = KeptOf(sql).ExecuteReader();
        return reader.Read() ? reader.GetInt64(column) : 0;
    }

    /// <inheritdoc/>
    public override SqliteCommand CreateCommand()
    {
        if (_next is not { } kept)
            return base.CreateCommand();
        _next = null;
        return kept;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        foreach (var command in _kept.Values)
            command.End();
        _kept.Clear();
        base.Dispose(disposing);
    }

    private KeptCommand KeptOf(string sql)
    {
        if (!_kept.TryGetValue(sql, out var kept))
        {
            kept = new KeptCommand { Connection = this, CommandText = sql };
            _kept.Add(sql, kept);
        }

        return kept;
    }

    // Survives the disposal by its borrower.
    private sealed class KeptCommand : SqliteCommand
    {
        public void End() => base.Dispose(disposing: true);

        [SuppressMessage("Usage", "CA2215", Justification = "Being kept is what it is for; End disposes it with its connection.")]
        protected override void Dispose(bool disposing)
        {
        }
    }
}
