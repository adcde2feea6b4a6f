namespace ResourceService.Server.Security;

/// <summary>
/// What is made from files, and made again when they change. A content that cannot be used, such as a certificate that was replaced before
/// its key, leaves the last good one in force.
/// </summary>
internal sealed class WatchedFiles<T> : IReloadable
    where T : class
{
    private readonly string[] _paths;
    private readonly Func<string[], T> _read;
    private string[] _contents;
    private volatile T _current;

    /// <summary>Reads the files; throws when they cannot be used.</summary>
    /// <param name="paths">The files.</param>
    /// <param name="read">Makes the value from their contents, in the same order.</param>
    public WatchedFiles(string[] paths, Func<string[], T> read)
    {
        _paths = paths;
        _read = read;
        _contents = ReadAll();
        _current = read(_contents);
    }

    /// <summary>The value of the newest usable contents.</summary>
    public T Current => _current;

    /// <inheritdoc/>
    public string Name => string.Join(" and ", _paths);

    /// <inheritdoc/>
    public bool IsInForce => true;

    /// <inheritdoc/>
    public Task<bool> ReloadAsync(CancellationToken cancellation)
    {
        // By content, not by time: a mounted secret is a link whose own time never changes.
        var contents = ReadAll();
        if (contents.AsSpan().SequenceEqual(_contents))
            return Task.FromResult(false);
        // Once per content: a damaged one is not tried and told again every time.
        _contents = contents;
        _current = _read(contents);
        return Task.FromResult(true);
    }

    private string[] ReadAll() => [.. _paths.Select(File.ReadAllText)];
}
