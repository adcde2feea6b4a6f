using System.Runtime.CompilerServices;
using ResourceService.Ledger;

namespace ResourceService.Storage.Records;

/// <summary>Times of rows that the ledger lives by. A column holds any number; a time is between the years 1 and 9999, as in the contract.</summary>
internal static class RowTime
{
    private static readonly long _first = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    private static readonly long _last = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>Reads one; throws when it is none.</summary>
    public static Instant Read(long unixMs, [CallerArgumentExpression(nameof(unixMs))] string column = "") => unixMs >= _first && unixMs <= _last
        ? new Instant(unixMs)
        : throw new FormatException($"{column} is {unixMs}, which is no time between the years 1 and 9999.");
}
