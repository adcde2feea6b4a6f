using ResourceService.Ledger;

namespace ResourceService.Server.Security;

/// <summary>
/// One configured name of callers: a whole URI or DNS name, for agents with <c>{node}</c> where the node's id stands.
/// <c>spiffe://example.org/agent/{node}</c> takes <c>spiffe://example.org/agent/n1</c> and nothing deeper: an id has no '/'.
/// </summary>
internal sealed record NamePattern(Roles Role, string Before, string? After)
{
    /// <summary>Where the node's id stands.</summary>
    public const string NodePlace = "{node}";

    /// <summary>Reads the names of one setting.</summary>
    public static IEnumerable<NamePattern> Parse(Roles role, string setting) =>
        setting.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(name =>
        {
            var place = name.IndexOf(NodePlace, StringComparison.Ordinal);
            return place < 0 ? new NamePattern(role, name, null) : new NamePattern(role, name[..place], name[(place + NodePlace.Length)..]);
        });

    /// <summary>Whether the pattern takes a name, and the node in it.</summary>
    public bool Takes(string name, out NodeId? node)
    {
        node = null;
        // Hosts' names know no case; URIs do.
        var comparison = Before.Contains("://", StringComparison.Ordinal) ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
        if (After is null)
            return string.Equals(name, Before, comparison);
        if (name.Length <= Before.Length + After.Length || !name.StartsWith(Before, comparison) || !name.EndsWith(After, comparison))
            return false;
        var id = name[Before.Length..^After.Length];
        // A DNS pattern must not find a node inside a URI such as "urn:n1.example.org", and a DNS name has no ':'.
        if (!Caller.IsNode(id) || (!Before.Contains(':') && id.Contains(':')))
            return false;
        node = new NodeId(id);
        return true;
    }
}
