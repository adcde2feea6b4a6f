using Google.Protobuf;
using ResourceService.Server.Security;

namespace ResourceService.Server.Grpc;

/// <summary>Who may call a method.</summary>
/// <param name="Roles">The roles; none means that everyone may, known or not.</param>
/// <param name="NodeOf">The node that a request is about: an agent may call for its own only. Null where agents may not call, or for any node.</param>
internal sealed record AccessRule(Roles Roles, Func<IMessage, NodeOwnership, string?>? NodeOf = null)
{
    /// <summary>For everyone, known or not.</summary>
    public static AccessRule Open { get; } = new(Roles.None);
}
