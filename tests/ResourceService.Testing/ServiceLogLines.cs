using System.Collections.Concurrent;

namespace ResourceService.Testing;

/// <summary>What a service wrote to its output so far.</summary>
public sealed class ServiceLogLines
{
    private static readonly string[] _troubleLevels = [" warn: ", " fail: ", " crit: "];

    private readonly ConcurrentQueue<string> _lines = new();

    /// <summary>All lines, in order.</summary>
    public IReadOnlyCollection<string> All => _lines;

    /// <summary>The lines at Warning and above.</summary>
    public IEnumerable<string> Troubles => _lines.Where(line => _troubleLevels.Any(level => line.Contains(level, StringComparison.Ordinal)));

    /// <inheritdoc/>
    public override string ToString() => string.Join('\n', _lines);

    internal void Add(string line) => _lines.Enqueue(line);
}
