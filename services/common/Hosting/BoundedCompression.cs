using Grpc.Net.Compression;
using Mesh.Common.Errors;
using CompressionLevel = System.IO.Compression.CompressionLevel;

namespace Mesh.Common.Hosting;

/// <summary>Unpacks a message of a call to the size that messages may have and no further: the gRPC server bounds only what is packed.</summary>
internal sealed class BoundedCompression(ICompressionProvider inner, int maxBytes) : ICompressionProvider
{
    public string EncodingName => inner.EncodingName;

    public Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel) =>
        inner.CreateCompressionStream(stream, compressionLevel);

    public Stream CreateDecompressionStream(Stream stream) => new BoundedStream(inner.CreateDecompressionStream(stream), maxBytes);

    private sealed class BoundedStream(Stream inner, int maxBytes) : Stream
    {
        private long _read;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => _read;
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        // It is read outside of all interceptors: what is thrown here is what the caller gets.
        public override int Read(Span<byte> buffer)
        {
            var read = Unpack(buffer);
            _read += read;
            return _read <= maxBytes
                ? read
                : throw MeshException.ResourceExhausted(ErrorTable.TooLarge, $"A message has at most {maxBytes >> 20} MiB, unpacked.").ToRpcException();
        }

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }

        private int Unpack(Span<byte> buffer)
        {
            try
            {
                return inner.Read(buffer);
            }
            catch (InvalidDataException exception)
            {
                throw MeshException.InvalidArgument("message", "The message cannot be unpacked: " + exception.Message).ToRpcException();
            }
        }
    }
}
