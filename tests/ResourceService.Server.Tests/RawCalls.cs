using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace ResourceService.Server.Tests;

/// <summary>Calls by name and bytes, as a client without generated code makes them.</summary>
internal static class RawCalls
{
    private static readonly Marshaller<byte[]> _bytes = Marshallers.Create(static bytes => bytes, static bytes => bytes);

    /// <summary>A unary call.</summary>
    /// <param name="invoker">The connection.</param>
    /// <param name="path">The method as <c>/package.Service/Method</c>.</param>
    /// <param name="message">The message's bytes.</param>
    /// <param name="deadline">When the caller gives up; the invoker's own when not given.</param>
    public static AsyncUnaryCall<byte[]> Unary(CallInvoker invoker, string path, byte[] message, DateTime? deadline = null) =>
        invoker.AsyncUnaryCall(MethodAt(MethodType.Unary, path), null, new CallOptions(deadline: deadline), message);

    /// <summary>A call with one request and a stream of responses.</summary>
    public static AsyncServerStreamingCall<byte[]> ServerStreaming(CallInvoker invoker, string path, byte[] message) =>
        invoker.AsyncServerStreamingCall(MethodAt(MethodType.ServerStreaming, path), null, default, message);

    /// <summary>Sends a request to the method that takes it.</summary>
    public static async Task SendAsync(CallInvoker invoker, IMessage request)
    {
        var method = MethodOf(request.Descriptor);
        var path = $"/{method.Service.FullName}/{method.Name}";
        if (method.IsServerStreaming)
        {
            using var watch = ServerStreaming(invoker, path, request.ToByteArray());
            await watch.ResponseStream.MoveNext(CancellationToken.None);
        }
        else
        {
            await Unary(invoker, path, request.ToByteArray());
        }
    }

    /// <summary>The method that takes a request: every method has a request of its own.</summary>
    public static MethodDescriptor MethodOf(MessageDescriptor request) =>
        request.File.Services.SelectMany(service => service.Methods).Single(method => method.InputType == request);

    private static Method<byte[], byte[]> MethodAt(MethodType type, string path)
    {
        var slash = path.LastIndexOf('/');
        return new Method<byte[], byte[]>(type, path[1..slash], path[(slash + 1)..], _bytes, _bytes);
    }
}
