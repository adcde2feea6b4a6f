using System.Buffers;
using ResourceService.Ledger;
using ResourceService.Storage;

namespace ResourceService.Server.Security;

/// <summary>Who calls, as proved by a certificate or a token.</summary>
/// <param name="Name">The name that events carry.</param>
/// <param name="Roles">What the caller is.</param>
/// <param name="Node">The node that an agent is the agent of; null for others.</param>
/// <param name="ValidUntil">When the proof ends.</param>
internal sealed record Caller(string Name, Roles Roles, NodeId? Node, DateTimeOffset ValidUntil)
{
    /// <summary>What events carry where callers are not known.</summary>
    public const string AnonymousName = "anonymous";

    private const int NameLengthMax = 255;

    private static readonly SearchValues<char> _nodeCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");

    /// <summary>Whether a text may name a caller: short, printable, and not a name that the service itself uses.</summary>
    public static bool IsName(string text) =>
        text.Length is > 0 and <= NameLengthMax
        && !text.AsSpan().ContainsAnyExceptInRange(' ', '~')
        && text != AnonymousName
        && text != RequestOrigin.Service.Actor;

    /// <summary>Whether a text may be a node's id.</summary>
    public static bool IsNode(ReadOnlySpan<char> text) => text.Length is > 0 and <= NameLengthMax && !text.ContainsAnyExcept(_nodeCharacters);
}
