using System.Net;
using System.Net.Sockets;

namespace ResourceService.Server.Tests.Wire;

/// <summary>Connections on which nothing is sent.</summary>
internal sealed class IdleConnections : IDisposable
{
    private readonly List<TcpClient> _clients = [];
    private int _closed;

    private IdleConnections()
    {
    }

    /// <summary>How many the service has closed.</summary>
    public int Closed => Volatile.Read(ref _closed);

    /// <summary>Opens them.</summary>
    public static async Task<IdleConnections> OpenAsync(Uri address, int count, string from = "127.0.0.1")
    {
        var connections = new IdleConnections();
        for (var i = 0; i < count; i++)
        {
            var client = new TcpClient(new IPEndPoint(IPAddress.Parse(from), 0));
            connections._clients.Add(client);
            await client.ConnectAsync(address.Host, address.Port);
            _ = connections.CountEndAsync(client.GetStream());
        }

        return connections;
    }

    public void Dispose() => _clients.ForEach(client => client.Dispose());

    private async Task CountEndAsync(NetworkStream stream)
    {
        try
        {
            var buffer = new byte[256];
            while (await stream.ReadAsync(buffer) > 0)
            {
            }
        }
        catch (Exception cause) when (cause is IOException or ObjectDisposedException)
        {
            // Reset, or ended by the test.
        }

        Interlocked.Increment(ref _closed);
    }
}
