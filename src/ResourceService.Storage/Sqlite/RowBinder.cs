using System.Data;
using Dapper;
using Microsoft.Data.Sqlite;

namespace ResourceService.Storage.Sqlite;

/// <summary>
/// Feeds many rows to one Dapper command through one set of parameters. Dapper by itself makes a parameter object per value and row, which
/// costs as much as SQLite's own work; here the values change and the parameters stay. Not for two threads at a time.
/// </summary>
internal sealed class RowBinder<T> : SqlMapper.IDynamicParameters
{
    private readonly SqliteParameter[] _parameters;
    private readonly Action<T, SqliteParameter[]> _bind;
    private T _row = default!;

    /// <summary>Takes the parameters' names and how a row fills them, in the same order.</summary>
    public RowBinder(string[] names, Action<T, SqliteParameter[]> bind)
    {
        _parameters = [.. names.Select(name => new SqliteParameter { ParameterName = name })];
        _bind = bind;
    }

    /// <summary>One parameter set per row for Dapper, which executes the command for each before it asks for the next.</summary>
    public IEnumerable<RowBinder<T>> Each(IEnumerable<T> rows)
    {
        foreach (var row in rows)
        {
            _row = row;
            yield return this;
        }
    }

    void SqlMapper.IDynamicParameters.AddParameters(IDbCommand command, SqlMapper.Identity identity)
    {
        _bind(_row, _parameters);
        var collection = ((SqliteCommand)command).Parameters;
        // A kept command has them still; between two rows Dapper takes them away.
        if (collection.Count > 0)
            return;
        foreach (var parameter in _parameters)
            collection.Add(parameter);
    }
}
