using System.Net;
using System.Net.Http.Headers;

namespace ResourceService.Load.Driving;

/// <summary>The request side of a stream: hands out the body of an HTTP/2 request to write to, and ends the body when the writer is done.</summary>
internal sealed class ClaimStreamContent : HttpContent
{
    private readonly Func<Stream, CancellationToken, Task> _write;

    public ClaimStreamContent(Func<Stream, CancellationToken, Task> write)
    {
        _write = write;
        Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => _write(stream, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        _write(stream, cancellationToken);

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
