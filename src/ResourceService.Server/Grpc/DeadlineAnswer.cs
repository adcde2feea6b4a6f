using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace ResourceService.Server.Grpc;

/// <summary>
/// The body of an answer to a call with a deadline. When that passes, the library ends the answer at once, while the method still runs: this is the
/// only place on its way. Nothing else completes a body by itself.
/// </summary>
internal sealed class DeadlineAnswer(HttpContext http, IHttpResponseBodyFeature inner, int messageBytesMax) : IHttpResponseBodyFeature
{
    public Stream Stream => inner.Stream;

    public PipeWriter Writer => inner.Writer;

    public Task CompleteAsync()
    {
        LibraryErrors.Complete(http, messageBytesMax);
        return inner.CompleteAsync();
    }

    public void DisableBuffering() => inner.DisableBuffering();

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        inner.SendFileAsync(path, offset, count, cancellationToken);

    public Task StartAsync(CancellationToken cancellationToken = default) => inner.StartAsync(cancellationToken);
}
