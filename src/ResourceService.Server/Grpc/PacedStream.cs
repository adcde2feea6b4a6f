using Grpc.Core;
using ResourceService.Server.Security;

namespace ResourceService.Server.Grpc;

/// <summary>A stream of requests read only as fast as its caller may ask: HTTP/2's flow control slows the caller down, nothing is refused.</summary>
internal sealed class PacedStream<TRequest>(IAsyncStreamReader<TRequest> requests, CallerLimit limit) : IAsyncStreamReader<TRequest>
{
    public TRequest Current => requests.Current;

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        if (!await requests.MoveNext(cancellationToken))
            return false;
        while (!limit.TryTake(out var wait))
            await Task.Delay(wait, cancellationToken);
        return true;
    }
}
