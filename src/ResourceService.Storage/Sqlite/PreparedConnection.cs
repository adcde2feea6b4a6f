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
        if (!_kept.TryGetValue(sql, out _next))
        {
            _next = new KeptCommand { Connection = this, CommandText = sql };
            _kept.Add(sql, _next);
        }

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
