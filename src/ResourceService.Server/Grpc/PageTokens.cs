using System.Buffers.Text;
using System.Text;
using Google.Protobuf;

namespace ResourceService.Server.Grpc;

/// <summary>
/// Page tokens: where the next page starts, tied to the filter of the list they came from, so that a token used with another filter is refused
/// instead of giving a page of neither list.
/// </summary>
internal static class PageTokens
{
    /// <summary>A token for the page after a position.</summary>
    /// <param name="list">The list request without its paging fields.</param>
    /// <param name="position">Where the next page starts.</param>
    public static string Write(IMessage list, string position) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{Hash(list):x16}{position}"));

    /// <summary>The position in a token; empty for the first page. Throws INVALID_ARGUMENT when the token is not one of this list.</summary>
    public static string Read(IMessage list, string token)
    {
        if (token.Length == 0)
            return "";
        if (token.Length <= 1024 && Base64Url.IsValid(token))
        {
            var text = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token));
            if (text.StartsWith($"{Hash(list):x16}", StringComparison.Ordinal))
                return text[16..];
        }

        throw RpcErrors.InvalidPageToken().ToException();
    }

    /// <summary>The position in a token as a number; 0 for the first page.</summary>
    public static long ReadNumber(IMessage list, string token)
    {
        var position = Read(list, token);
        if (position.Length == 0)
            return 0;
        return long.TryParse(position, out var number) && number >= 0 ? number : throw RpcErrors.InvalidPageToken().ToException();
    }

    /// <summary>Two parts of a position, the first a number; null for the first page.</summary>
    public static (long Number, string Tail)? ReadPair(IMessage list, string token)
    {
        var position = Read(list, token);
        if (position.Length == 0)
            return null;
        var parts = position.Split('/', 2);
        return parts.Length == 2 && long.TryParse(parts[0], out var number) && number >= 0
            ? (number, parts[1])
            : throw RpcErrors.InvalidPageToken().ToException();
    }

    private static ulong Hash(IMessage list) => (ulong)Fingerprints.Of(list);
}
