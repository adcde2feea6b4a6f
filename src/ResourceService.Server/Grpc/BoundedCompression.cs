using System.IO.Compression;
using Grpc.Net.Compression;

namespace ResourceService.Server.Grpc;

/// <summary>
/// Takes messages compressed by a known method as long as they inflate to no more than a message may have: some bytes can inflate to any number of
/// them. Answers are never compressed.
/// </summary>
internal sealed class BoundedCompression(string name, int messageBytesMax, Func<Stream, Stream> inflate) : ICompressionProvider
{
    public string EncodingName => name;

    public Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel) =>
        throw new NotSupportedException("No option makes the library compress answers.");

    public Stream CreateDecompressionStream(Stream stream) => new BoundedStream(inflate(stream), messageBytesMax);

    // Read to its end by the library, synchronously and in one go: the compressed message is in memory as a whole.
    private sealed class BoundedStream(Stream inflated, int messageBytesMax) : Stream
    {
        private long _read;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            try
            {
                var read = inflated.Read(buffer, offset, count);
                _read += read;
                return _read <= messageBytesMax ? read : throw RpcErrors.MessageTooLong(messageBytesMax).ToException();
            }
            catch (InvalidDataException)
            {
                throw RpcErrors.Malformed().ToException();
            }
        }

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inflated.Dispose();
            base.Dispose(disposing);
        }
    }
}
