using System.IO.Pipelines;

namespace Mesh.Registry.Blobs;

/// <summary>Sends a blob in pieces, read straight into the buffers of the connection; memory stays constant.</summary>
internal static class BlobCopy
{
    private const int PieceSize = 128 << 10;

    public static async Task SendAsync(Stream content, PipeWriter writer, long length, RegistryMetrics metrics, CancellationToken cancellationToken)
    {
        for (var left = length; left > 0;)
        {
            var memory = writer.GetMemory((int)Math.Min(left, PieceSize));
            if (memory.Length > left) memory = memory[..(int)left];
            var read = await content.ReadAsync(memory, cancellationToken);
            if (read == 0) throw new EndOfStreamException("The blob ended before its size.");
            writer.Advance(read);
            left -= read;
            metrics.Sent(read);
            var flushed = await writer.FlushAsync(cancellationToken);
            if (flushed.IsCompleted) return;
        }
    }
}
