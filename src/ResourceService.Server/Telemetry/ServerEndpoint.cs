using System.Net;
using Microsoft.AspNetCore.Http.Features;

namespace ResourceService.Server.Telemetry;

/// <summary>
/// The address that a call came to, as label values. Not the host that the caller names, which is the caller's text. There are as many as the machine
/// has addresses; nearly all calls come to one, whose values are made once.
/// </summary>
internal sealed class ServerEndpoint
{
    private static ServerEndpoint? _last;

    private readonly IPAddress? _address;
    private readonly int _port;

    private ServerEndpoint(IPAddress? address, int port)
    {
        (_address, _port) = (address, port);
        Address = (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString() ?? "";
        Port = port;
    }

    /// <summary>The address.</summary>
    public string Address { get; }

    /// <summary>The port, a number.</summary>
    public object Port { get; }

    /// <summary>Where a call came to.</summary>
    public static ServerEndpoint Of(HttpContext http)
    {
        var connection = http.Features.Get<IHttpConnectionFeature>();
        var (address, port) = (connection?.LocalIpAddress, connection?.LocalPort ?? 0);
        var last = Volatile.Read(ref _last);
        if (last is not null && last._port == port && Equals(last._address, address))
            return last;
        last = new ServerEndpoint(address, port);
        Volatile.Write(ref _last, last);
        return last;
    }
}
