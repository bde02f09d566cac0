using System.Security.Cryptography;

namespace Mesh.Agent.Images;

/// <summary>Hashes and counts what is read of a layer's archive, and ends a bomb before it fills the disk or the day.</summary>
internal sealed class VerifyingStream(Stream inner, long mostBytes) : Stream
{
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long count;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => count; set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        var read = inner.Read(buffer);
        count += read;
        if (count > mostBytes) throw new ImageException($"The layer unpacks to more than {mostBytes} bytes.");
        hash.AppendData(buffer[..read]);
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <summary>Reads the rest and compares all of it with the image's own word on its content.</summary>
    public void Verify(string? diffId, string layer)
    {
        Span<byte> rest = stackalloc byte[4096];
        while (Read(rest) > 0)
        {
        }

        var digest = Digest.Of(hash);
        if (diffId is not null && digest != diffId) throw new ImageException($"Layer {layer} unpacks to {digest}, but the image's configuration says {diffId}.");
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        hash.Dispose();
        base.Dispose(disposing);
    }
}
