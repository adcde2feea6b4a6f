using Microsoft.AspNetCore.Connections;

namespace ResourceService.Server.Security;

/// <summary>
/// One connection, and how many of its calls its client takes back. Each call that is taken back is paid for by calls that are answered, or by time:
/// who takes back most of what it opens, many a second, is closed. Not closed is who takes back all calls at once now and then, opens watches anew, or
/// asks several times and takes the first answer. A feature of the connection and of its calls.
/// </summary>
/// <param name="connection">The connection itself.</param>
/// <param name="address">Where it comes from.</param>
/// <param name="log">Where its end is told.</param>
/// <param name="burst">How many calls may be taken back at once after a quiet time.</param>
/// <param name="time">The clock.</param>
internal sealed class ClientConnection(ConnectionContext connection, ClientAddress address, AccessLog log, int burst, TimeProvider time)
{
    /// <summary>Connections' worth of calls that an address may take back.</summary>
    public const int AddressShare = 4;

    /// <summary>How many calls may be taken back a second for ever: more than watches that are opened again, less than an attack that is worth it.</summary>
    public const int PerSecond = 20;

    // gRPC makes at most five attempts of one call at the same time, and takes back those that are not first.
    private const int TakenBackPerAnswered = 4;

    // Of an address that has taken back too many, only the connections that have part in it.
    private const int GuiltyShare = 8;

    private readonly CallRate _takenBack = new(PerSecond, burst, time);
    private int _isClosed;

    /// <summary>A call was answered.</summary>
    public void Answered()
    {
        _takenBack.GiveBack(TakenBackPerAnswered);
        address.TakenBack.GiveBack(TakenBackPerAnswered);
    }

    /// <summary>The client took a call back before it was answered, and before its deadline.</summary>
    public void TookBack()
    {
        // A connection that ends takes back all of its calls, and they are the last.
        if (connection.ConnectionClosed.IsCancellationRequested)
            return;
        var isWithin = _takenBack.TryTake(1, 1, out _);
        var isAddressWithin = address.TakenBack.TryTake(1, 1, out _);
        if (isWithin && (isAddressWithin || _takenBack.Owed < burst / GuiltyShare))
            return;
        if (Interlocked.Exchange(ref _isClosed, 1) != 0)
            return;
        log.Refused(AccessRefusal.CallsTakenBack, "connection", address.Name);
        connection.Abort(new ConnectionAbortedException("The client took back most of the calls that it opened."));
    }
}
