using Grpc.Core;
using ResourceService.Server.Security;

namespace ResourceService.Server.Grpc;

/// <summary>What the gate found out about a call.</summary>
internal static class CallContexts
{
    /// <summary>The caller's name, as events carry it.</summary>
    public static string Actor(this ServerCallContext context) =>
        context.GetHttpContext().Features.Get<Caller>()?.Name ?? Caller.AnonymousName;

    /// <summary>Whether the caller is known, and no operator.</summary>
    public static bool IsNoOperator(this ServerCallContext context) =>
        context.GetHttpContext().Features.Get<Caller>() is { } caller && (caller.Roles & Roles.Operator) == Roles.None;

    /// <summary>Whether the caller is known, and nothing but an agent: it learns of its own node alone.</summary>
    public static bool IsAgentAlone(this ServerCallContext context) =>
        context.GetHttpContext().Features.Get<Caller>() is { Roles: Roles.Agent };

    /// <summary>What the caller may still ask; null where callers have no limit.</summary>
    public static CallerLimit? Limit(this ServerCallContext context) => context.GetHttpContext().Features.Get<CallerLimit>();
}
