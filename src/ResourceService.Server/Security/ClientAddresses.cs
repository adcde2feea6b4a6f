using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using ResourceService.Server.Options;

namespace ResourceService.Server.Security;

/// <summary>
/// The addresses that connections come from, each with what it holds. Before TLS and before anyone is known: who only connects is bounded too. No
/// address is an exception, neither this machine's nor a proxy's. The ports of probes and metrics have places of their own.
/// </summary>
internal sealed class ClientAddresses(LimitOptions options, RequestOptions requests, AccessLog log, TimeProvider time)
{
    // Whoever has one address of IPv6 has all of its network.
    private const int NetworkBytesV6 = 8;

    private readonly Lock _gate = new();
    private readonly Dictionary<(IPAddress Address, int Port), ClientAddress> _connected = [];
    private readonly long _unreadMax = (long)options.UnreadAnswersMaxMb << 20;
    private readonly Bound _unread = new((long)options.UnreadAnswersMaxMb << 20);
    private readonly Bound _healthWatches = new(options.HealthWatchesMax);

    // All that a connection may have open, and once more: who stops takes back all, and may do so again.
    private readonly int _takenBackMax = 2 * requests.StreamsPerConnectionMax;

    /// <summary>Serves a connection, or closes it when its address has as many as it may.</summary>
    public async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var key = (AddressOf(connection.RemoteEndPoint), (connection.LocalEndPoint as IPEndPoint)?.Port ?? 0);
        if (Enter(key) is not { } address)
        {
            log.Refused(AccessRefusal.AddressLimited, "connection", key.Item1.ToString());
            return;
        }

        try
        {
            connection.Features.Set(address);
            connection.Features.Set(new ClientConnection(connection, address, log, _takenBackMax, time));
            await next(connection);
        }
        finally
        {
            Leave(key, address);
        }
    }

    private ClientAddress? Enter((IPAddress Address, int Port) key)
    {
        lock (_gate)
        {
            if (!_connected.TryGetValue(key, out var address))
                _connected[key] = address = Add(key.Address);
            if (address.Connections == options.ConnectionsPerAddressMax)
                return null;
            address.Connections++;
            return address;
        }
    }

    private ClientAddress Add(IPAddress address) => new(
        address.ToString(), _unread, _unreadMax, _healthWatches, options.HealthWatchesMax,
        new CallRate(ClientConnection.AddressShare * ClientConnection.PerSecond, ClientConnection.AddressShare * _takenBackMax, time));

    // An address without connections is forgotten: what it holds is given back as its calls end.
    private void Leave((IPAddress Address, int Port) key, ClientAddress address)
    {
        lock (_gate)
        {
            if (--address.Connections == 0)
                _connected.Remove(key);
        }
    }

    private static IPAddress AddressOf(EndPoint? remote)
    {
        if (remote is not IPEndPoint { Address: var address })
            return IPAddress.None;
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(NetworkBytesV6).Clear();
        return new IPAddress(bytes);
    }
}
