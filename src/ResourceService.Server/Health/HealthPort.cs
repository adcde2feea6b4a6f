using ResourceService.Server.Grpc;
using ResourceService.Server.Security;

namespace ResourceService.Server.Health;

/// <summary>Keeps the port of the probes to what is open to everyone, health and reflection: nothing else is served there, with whatever credentials.</summary>
internal static class HealthPort
{
    private const string Refusal = "This port serves health and reflection alone.";

    /// <summary>Bars the port's way to everything else.</summary>
    public static void UseHealthPort(this WebApplication app, int port) => app.Use((http, next) =>
    {
        // By the connection, not by what the caller says of it.
        if (http.Connection.LocalPort != port || http.GetEndpoint()?.Metadata.GetMetadata<AccessRule>() is { Roles: Roles.None })
            return next(http);
        return LibraryErrors.AnswerAsync(http, RpcErrors.NotImplemented(Refusal));
    });
}
