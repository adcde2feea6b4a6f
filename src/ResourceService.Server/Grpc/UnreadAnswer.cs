using ResourceService.Server.Security;

namespace ResourceService.Server.Grpc;

/// <summary>
/// An answer that waits for its caller to read it: an HTTP/2 client says how much it takes, which may be nothing, and what it does not take stays in
/// memory. A feature of its call from when it is made until it is read.
/// </summary>
/// <param name="unread">What the caller's address has not read.</param>
/// <param name="bytes">The answer's size.</param>
internal sealed class UnreadAnswer(Bound unread, int bytes)
{
    // Smaller ones are about what each call holds anyway, and waiting for them would cost most calls a second frame on the wire.
    private const int CountedBytesMin = 4 * 1024;

    /// <summary>Counts the answer of a call, unless it is small.</summary>
    public static void Count(HttpContext http, Bound unread, int bytes)
    {
        if (bytes < CountedBytesMin)
            return;
        unread.Take(bytes);
        http.Features.Set(new UnreadAnswer(unread, bytes));
    }

    /// <summary>
    /// Carries a call out and waits until its answer is read or given up. Without the flush a call is over for the server as soon as its answer is
    /// made; with it once the last byte is on its way.
    /// </summary>
    public static async Task WaitAsync(HttpContext http, RequestDelegate next)
    {
        try
        {
            await next(http);
            if (http.Features.Get<UnreadAnswer>() is not null)
                await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The caller left: nobody reads it any more.
        }
        finally
        {
            http.Features.Get<UnreadAnswer>()?.End();
        }
    }

    private void End() => unread.GiveBack(bytes);
}
