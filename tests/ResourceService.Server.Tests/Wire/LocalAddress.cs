using System.Net;
using System.Net.Sockets;

namespace ResourceService.Server.Tests.Wire;

/// <summary>Connections from another of this machine's addresses: to the service, another client.</summary>
internal static class LocalAddress
{
    /// <summary>Makes a handler connect from an address.</summary>
    public static SocketsHttpHandler From(this SocketsHttpHandler handler, string address)
    {
        handler.ConnectCallback = async (context, cancellation) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
            await socket.ConnectAsync(IPAddress.Parse(context.DnsEndPoint.Host), context.DnsEndPoint.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        };
        return handler;
    }
}
