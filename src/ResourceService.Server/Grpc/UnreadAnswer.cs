using ResourceService.Server.Security;

namespace ResourceService.Server.Grpc;

/// <summary>
/// An answer from when it is made until its caller has read it: an HTTP/2 client says how much it takes, which may be nothing, and what it does not
/// take stays in memory. A feature of its call; absent where an answer is small and made at once.
/// </summary>
/// <param name="unread">What the caller's address has not read.</param>
/// <param name="gate">What to leave once the answer is written; null where there was no gate.</param>
internal sealed class UnreadAnswer(Bound unread, WorkGate? gate)
{
    // Smaller ones are about what each call holds anyway, and waiting for them would cost most calls a second frame on the wire.
    private const int CountedBytesMin = 4 * 1024;

    private WorkGate? _gate = gate;
    private int _bytes;

    /// <summary>Whether it is large enough to wait until it is read.</summary>
    public bool IsCounted => _bytes > 0;

    /// <summary>What counts of a message of a size: small ones do not.</summary>
    public static int Counted(int bytes) => bytes < CountedBytesMin ? 0 : bytes;

    /// <summary>Counts the answer of a call that came through no gate, unless it is small.</summary>
    public static void Count(HttpContext http, Bound unread, int bytes)
    {
        if (bytes < CountedBytesMin)
            return;
        var answer = new UnreadAnswer(unread, null);
        answer.Count(bytes);
        http.Features.Set(answer);
    }

    /// <summary>Counts the answer, unless it is small.</summary>
    public void Count(int bytes)
    {
        if (bytes < CountedBytesMin)
            return;
        unread.Take(bytes);
        _bytes = bytes;
    }

    /// <summary>It is written, or nobody waits for it: the next may be made.</summary>
    public void Made()
    {
        _gate?.Leave();
        _gate = null;
    }

    /// <summary>It is read, or nobody will.</summary>
    public void End()
    {
        Made();
        unread.GiveBack(_bytes);
        _bytes = 0;
    }
}
