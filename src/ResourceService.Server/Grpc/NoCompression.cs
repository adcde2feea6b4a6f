using System.IO.Compression;
using Grpc.Core;
using Grpc.Net.Compression;

namespace ResourceService.Server.Grpc;

/// <summary>Stands in the place of a compression and refuses it, before a byte is inflated.</summary>
internal sealed class NoCompression(string name) : ICompressionProvider
{
    public string EncodingName => name;

    public Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel) => throw Refused();

    public Stream CreateDecompressionStream(Stream stream) => throw Refused();

    private RpcException Refused() => new(new Status(StatusCode.Unimplemented, $"Messages compressed with {name} are not accepted; send them as they are."));
}
