using System.Net.Sockets;
using ResourceService.Load.Wire;

namespace ResourceService.Load.Servers;

/// <summary>
/// Connections that can be cut in the midst of whatever they carry, as by a cable or a firewall: the server gets a reset, the calls in flight no
/// answer, and the next call opens a new connection.
/// </summary>
internal sealed class CuttableConnections(int count)
{
    private readonly Lock _lock = new();

    // The newest, as many as there are channels: older ones are closed already.
    private readonly Queue<Socket> _newest = new();

    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        lock (_lock)
        {
            _newest.Enqueue(socket);
            if (_newest.Count > count)
            {
                _newest.Dequeue();
            }
        }
        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>Cuts one of them; returns whether there was one.</summary>
    public bool CutOne(RandomSequence random)
    {
        Socket socket;
        lock (_lock)
        {
            if (_newest.Count == 0)
            {
                return false;
            }
            socket = _newest.ElementAt(random.Below(_newest.Count));
        }
        // Without waiting for what is still to be sent: a reset.
        socket.Close(0);
        return true;
    }
}
