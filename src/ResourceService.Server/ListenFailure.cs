using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using ResourceService.Server.Options;
using ResourceService.Storage;

namespace ResourceService.Server;

/// <summary>
/// Says which addresses the service cannot listen on, and why. The web server stops at the first, and mostly does not name it: once it has let go of
/// the others, each is tried.
/// </summary>
internal static class ListenFailure
{
    /// <summary>Whether an error is the web server's that cannot listen.</summary>
    public static bool Is(Exception cause) => cause is SocketException or IOException { InnerException: AddressInUseException };

    /// <summary>The error that names what can be mended.</summary>
    public static StoreException Explain(ServiceOptions options, Exception cause)
    {
        string[] reasons = [.. from address in options.Addresses
                               let why = WhyNot(BindingAddress.Parse(address.Url))
                               where why is not null
                               select $"{address.Setting}; {why}"];
        // None, when it has become free meanwhile.
        return new StoreException(reasons.Length > 0 ? $"The service cannot listen: {string.Join("; ", reasons)}." : cause.Message, cause);
    }

    private static string? WhyNot(BindingAddress address)
    {
        EndPoint endpoint = address.IsUnixPipe ? new UnixDomainSocketEndPoint(address.UnixPipePath)
            : new IPEndPoint(IPAddress.TryParse(address.Host, out var ip) ? ip : IsLocalhost(address) ? IPAddress.Loopback : IPAddress.Any, address.Port);
        try
        {
            using var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
            socket.Bind(endpoint);
            socket.Listen();
            return null;
        }
        catch (SocketException cause)
        {
            return cause.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => "it is taken by another program: choose another port, or end that program",
                SocketError.AddressNotAvailable when !address.IsUnixPipe => "it is no address of this machine: use one that is, or * for every one",
                SocketError.AccessDenied => "this user may not listen there: ports below 1024 need a privilege, a socket's folder must be writable",
                _ => cause.Message,
            };
        }
    }

    private static bool IsLocalhost(BindingAddress address) => string.Equals(address.Host, "localhost", StringComparison.OrdinalIgnoreCase);
}
