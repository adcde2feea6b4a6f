using System.Net;

namespace ResourceService.Load.Overhead;

/// <summary>
/// What telemetry talks to: a receiver that takes everything that is sent by OTLP over HTTP and keeps only how much it was, and a reader of metrics pages.
/// </summary>
internal sealed class OverheadPeers : IDisposable
{
    // Fifteen times as often as Prometheus does by default: in a run of seconds each page must be read.
    private static readonly TimeSpan _readInterval = TimeSpan.FromSeconds(1);

    private readonly HttpListener _listener = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };
    private long _receivedBytes;
    private long _readBytes;

    public OverheadPeers(Uri receiver) => _listener.Prefixes.Add(receiver.AbsoluteUri);

    /// <summary>The page to read: that of the server being driven, if it has one.</summary>
    public Uri? MetricsPage { get; set; }

    public long ReceivedBytes => Interlocked.Read(ref _receivedBytes);

    public long ReadBytes => Interlocked.Read(ref _readBytes);

    public async Task ReceiveAsync(CancellationToken cancellationToken)
    {
        _listener.Start();
        using var stopping = cancellationToken.Register(_listener.Stop);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var exchange = await _listener.GetContextAsync();
                await exchange.Request.InputStream.CopyToAsync(Stream.Null, cancellationToken);
                Interlocked.Add(ref _receivedBytes, Math.Max(0, exchange.Request.ContentLength64));
                exchange.Response.ContentType = "application/x-protobuf";
                exchange.Response.Close();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or OperationCanceledException)
            {
                // A sender that went away; or the end, which the loop sees.
            }
        }
    }

    public async Task ReadPagesAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            if (MetricsPage is { } page)
            {
                Interlocked.Add(ref _readBytes, (await _http.GetByteArrayAsync(page, CancellationToken.None)).Length);
            }
            await Task.Delay(_readInterval, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose()
    {
        _listener.Close();
        _http.Dispose();
    }
}
