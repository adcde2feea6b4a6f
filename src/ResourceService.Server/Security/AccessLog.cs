using System.Text.Json;
using ResourceService.Server.Telemetry;

namespace ResourceService.Server.Security;

/// <summary>
/// Counts what was refused, all of it, and logs it, one line per reason and ten seconds: who knocks without a key must not fill the disk.
/// Tokens and certificates are never written, only their reasons, methods and the names of callers that were verified.
/// </summary>
internal sealed class AccessLog(ServiceMetrics metrics, TimeProvider time, ILogger<AccessLog> logger)
{
    private const int BetweenLinesMs = 10_000;

    private static readonly string[] _names = [.. Enum.GetNames<AccessRefusal>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName)];

    // By reason: when its last line was written, and how many were refused since.
    private readonly long[] _lastLineMs = [.. _names.Select(_ => -1L)];
    private readonly long[] _untold = new long[_names.Length];

    /// <summary>Something was refused.</summary>
    public void Refused(AccessRefusal reason, string method, string caller)
    {
        var place = (int)reason;
        metrics.AccessRefused(_names[place]);
        Interlocked.Increment(ref _untold[place]);
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var last = Volatile.Read(ref _lastLineMs[place]);
        if ((last >= 0 && now - last < BetweenLinesMs) || Interlocked.CompareExchange(ref _lastLineMs[place], now, last) != last)
            return;
        logger.AccessRefused(Interlocked.Exchange(ref _untold[place], 0), _names[place], method, caller.Length > 0 ? caller : "unknown");
    }
}
