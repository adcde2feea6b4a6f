using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using ResourceService.Server.Options;
using ResourceService.Server.Security;
using Status = Google.Rpc.Status;

namespace ResourceService.Server.Grpc;

/// <summary>
/// Stands before every gRPC method: who calls, may that role call it, and not too much at a time. Before the first byte of the request is read,
/// so that who may not call costs little. What depends on the request, an agent's own node, is checked by <see cref="AccessInterceptor"/>.
/// Not in the way at all where callers are neither known nor limited.
/// </summary>
internal sealed class AccessGate(
    RequestDelegate next, SecurityOptions options, LimitOptions limitOptions, CallerLimits limits, OpenStreams streams, AccessLog log,
    TimeProvider time, TokenIdentity? tokens = null, ServerTls? tls = null)
{
    /// <summary>One call.</summary>
    public Task InvokeAsync(HttpContext http)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<AccessRule>() is not { } rule)
            return next(http);
        if (rule.Roles == Roles.None)
            return options.Mode == SecurityMode.None || IsUnary(http) ? next(http) : HoldOpenStreamAsync(http);
        if (options.Mode == SecurityMode.None)
            return RunAsync(http, limits.Of(http.Features.GetRequiredFeature<ClientAddress>().Name), Caller.AnonymousName);

        var identifying = IdentifyAsync(http);
        return identifying.IsCompletedSuccessfully ? AdmitAsync(http, rule, identifying.Result) : WaitAsync(http, rule, identifying);
    }

    private async Task WaitAsync(HttpContext http, AccessRule rule, ValueTask<Identification> identifying) =>
        await AdmitAsync(http, rule, await identifying);

    private ValueTask<Identification> IdentifyAsync(HttpContext http) =>
        IdentifyAsync(http.Request.Headers.Authorization, http.Features.Get<ConnectionIdentity>());

    // The token of the call where it carries one, else the certificate of the connection: a wrong token is never mended by a right certificate.
    private ValueTask<Identification> IdentifyAsync(StringValues authorization, ConnectionIdentity? connection)
    {
        if (tokens is not null && authorization.Count > 0)
            return authorization is [{ } header] ? tokens.IdentifyAsync(header) : new(AccessRefusal.TokenInvalid);
        return new(connection?.Identity ?? AccessRefusal.NoCredentials);
    }

    // The authorities were exchanged: clients that are still trusted come back at once on another connection, verified by the new ones.
    private bool IsOutdated(ConnectionIdentity? connection, IConnectionLifetimeNotificationFeature? closing)
    {
        if (connection is null || connection.Authorities == tls!.Authorities)
            return false;
        closing?.RequestClose();
        return true;
    }

    private Task AdmitAsync(HttpContext http, AccessRule rule, Identification identification)
    {
        if (identification.Caller is not { } caller)
        {
            var refusal = identification.Refusal;
            return RefuseAsync(http, refusal, "", refusal == AccessRefusal.KeysUnknown ? RpcErrors.KeysUnknown() : RpcErrors.CallerUnknown(Explain(refusal)));
        }

        var now = time.GetUtcNow();
        if (caller.ValidUntil <= now)
            return RefuseAsync(http, AccessRefusal.CertificateExpired, caller.Name, RpcErrors.CallerUnknown(Explain(AccessRefusal.CertificateExpired)));
        if (IsOutdated(http.Features.Get<ConnectionIdentity>(), http.Features.Get<IConnectionLifetimeNotificationFeature>()))
            return LibraryErrors.AnswerAsync(http, RpcErrors.ConnectionOutdated());

        if ((caller.Roles & rule.Roles) == Roles.None)
            return RefuseAsync(http, AccessRefusal.RoleInsufficient, caller.Name, RpcErrors.RoleInsufficient(RoleNames.Write(caller.Roles)));
        http.Features.Set(caller);
        return IsUnary(http) ? ForwardAsync(http, caller) : StreamAsync(http, caller, now);
    }

    // What is open to everyone must not be held for ever by just anyone. A probe that asks once is not in the way.
    private async Task HoldOpenStreamAsync(HttpContext http)
    {
        if ((await IdentifyAsync(http)).Caller is { } caller && caller.ValidUntil > time.GetUtcNow())
        {
            await next(http);
            return;
        }

        var watches = http.Features.GetRequiredFeature<ClientAddress>().HealthWatches;
        if (!watches.HasRoom())
        {
            await RefuseAsync(http, AccessRefusal.AddressLimited, "", RpcErrors.HealthWatched());
            return;
        }

        watches.Take(1);
        try
        {
            await next(http);
        }
        finally
        {
            watches.GiveBack(1);
        }
    }

    private static bool IsUnary(HttpContext http) => http.GetEndpoint()!.Metadata.GetMetadata<GrpcMethodMetadata>()!.Method.Type == MethodType.Unary;

    // AccessInterceptor explains its end.
    private async Task StreamAsync(HttpContext http, Caller caller, DateTimeOffset now)
    {
        // Read now: the call's own features are not to be touched from elsewhere.
        var (method, authorization) = (http.Request.Path, http.Request.Headers.Authorization);
        var (connection, closing) = (http.Features.Get<ConnectionIdentity>(), http.Features.Get<IConnectionLifetimeNotificationFeature>());
        var lapsed = RpcErrors.CallerUnknown("The credentials that opened the stream have expired; open it again with new ones.");
        using var stream = new OpenStream(caller.ValidUntil - now, lapsed, WhyDistrustedAsync, time, http.RequestAborted);
        http.Features.Set(stream);
        http.RequestAborted = stream.Ending;
        await streams.RunAsync(stream, () => ForwardAsync(http, caller));

        async ValueTask<Status?> WhyDistrustedAsync()
        {
            if (IsOutdated(connection, closing))
                return RpcErrors.ConnectionOutdated();
            var again = await IdentifyAsync(authorization, connection);
            if (again.Caller is not null)
                return null;
            log.Refused(again.Refusal, method, caller.Name);
            return RpcErrors.CallerUnknown(Explain(again.Refusal));
        }
    }

    private Task ForwardAsync(HttpContext http, Caller caller) =>
        limitOptions.OfCallers ? RunAsync(http, limits.Of(caller.Name), caller.Name) : next(http);

    private async Task RunAsync(HttpContext http, CallerLimit limit, string caller)
    {
        if (!limit.TryEnter(out var retryAfter))
        {
            await RefuseAsync(http, AccessRefusal.CallerLimited, caller, RpcErrors.CallerLimited(retryAfter));
            return;
        }

        try
        {
            http.Features.Set(limit);
            await next(http);
        }
        finally
        {
            limit.Leave();
        }
    }

    private Task RefuseAsync(HttpContext http, AccessRefusal reason, string caller, Status status)
    {
        log.Refused(reason, http.Request.Path, caller);
        return LibraryErrors.AnswerAsync(http, status);
    }

    private static string Explain(AccessRefusal reason) => reason switch
    {
        AccessRefusal.NoCredentials => "The call carries neither a client certificate nor a bearer token that this service takes.",
        AccessRefusal.CertificateUnmapped => "No name in the client's certificate is known here.",
        AccessRefusal.CertificateAmbiguous => "The names in the client's certificate are those of several callers.",
        AccessRefusal.CertificateExpired => "The client's certificate or token has expired.",
        AccessRefusal.TokenExpired => "The token has expired, is not valid yet, or says no time.",
        AccessRefusal.TokenAudience => "The token is meant for another service.",
        _ => "The token is not valid.",
    };
}
