using Status = Google.Rpc.Status;

namespace ResourceService.Server.Security;

/// <summary>
/// A stream of a known caller. It may last longer than what made its caller known: it is ended when the credentials that opened it end, or when they
/// are no longer trusted. A feature of its call.
/// </summary>
internal sealed class OpenStream : IDisposable
{
    // The longest a timer can wait.
    private static readonly TimeSpan _longest = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    private readonly CancellationTokenSource _ending;
    private readonly CancellationTokenSource _lapse;
    private readonly Status _lapsed;
    private readonly Func<ValueTask<Status?>> _whyDistrusted;
    private volatile Status? _distrusted;

    /// <summary>A stream that begins.</summary>
    /// <param name="left">How long the credentials last.</param>
    /// <param name="lapsed">What its caller is told when they end.</param>
    /// <param name="whyDistrusted">What its caller is told when they are not trusted now; null while they are.</param>
    /// <param name="time">The clock.</param>
    /// <param name="aborted">Cancelled when the caller leaves.</param>
    public OpenStream(TimeSpan left, Status lapsed, Func<ValueTask<Status?>> whyDistrusted, TimeProvider time, CancellationToken aborted)
    {
        _lapse = new CancellationTokenSource(left < _longest ? left : _longest, time);
        _ending = CancellationTokenSource.CreateLinkedTokenSource(aborted, _lapse.Token);
        (_lapsed, _whyDistrusted) = (lapsed, whyDistrusted);
    }

    /// <summary>Cancelled when the stream must end.</summary>
    public CancellationToken Ending => _ending.Token;

    /// <summary>Why the service ends it; null while it does not.</summary>
    public Status? EndedBecause => _distrusted ?? (_lapse.IsCancellationRequested ? _lapsed : null);

    /// <summary>Looks at its credentials again, and ends it when they are not trusted now.</summary>
    public async Task CheckAsync()
    {
        if (await _whyDistrusted() is not { } why)
            return;
        _distrusted = why;
        try
        {
            await _ending.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It has ended by itself meanwhile.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ending.Dispose();
        _lapse.Dispose();
    }
}
