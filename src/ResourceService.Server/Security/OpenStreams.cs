using System.Collections.Concurrent;

namespace ResourceService.Server.Security;

/// <summary>The streams of known callers under way. Calls are looked at one by one when they come; streams must be when trust changes.</summary>
internal sealed class OpenStreams
{
    private readonly ConcurrentDictionary<OpenStream, OpenStream> _open = [];

    /// <summary>Runs a stream, and has it looked at meanwhile.</summary>
    public async Task RunAsync(OpenStream stream, Func<Task> run)
    {
        _open[stream] = stream;
        try
        {
            // What changed since its caller was admitted was not told to it.
            await stream.CheckAsync();
            await run();
        }
        finally
        {
            _open.TryRemove(stream, out _);
        }
    }

    /// <summary>Certificates, keys or authorities have changed.</summary>
    public async Task TrustChangedAsync()
    {
        foreach (var (stream, _) in _open)
            await stream.CheckAsync();
    }
}
