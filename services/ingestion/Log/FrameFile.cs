using Mesh.Ingestion.Columns;
using Microsoft.Win32.SafeHandles;

namespace Mesh.Ingestion.Log;

/// <summary>Reads single frames of a segment.</summary>
internal static class FrameFile
{
    /// <summary>
    /// Reads the frame at an offset behind the segment's header into <paramref name="buffer"/>, header and payload. False
    /// where no whole, unharmed frame lies within <paramref name="length"/>.
    /// </summary>
    public static bool TryRead(SafeFileHandle file, long start, long offset, long length, ByteBuffer buffer, out FrameHeader header)
    {
        header = default;
        if (offset + FrameHeader.Size > length)
            return false;

        buffer.Clear();
        if (!ReadFully(file, buffer.Take(FrameHeader.Size), SegmentFile.HeaderSize + offset)
            || !FrameHeader.TryRead(buffer.Span, out header)
            || offset + header.FrameLength > length)
            return false;

        return ReadFully(file, buffer.Take(header.PayloadLength), SegmentFile.HeaderSize + offset + FrameHeader.Size)
            && header.Matches(buffer.Span, start + offset);
    }

    private static bool ReadFully(SafeFileHandle file, Span<byte> target, long offset)
    {
        while (target.Length > 0)
        {
            var read = RandomAccess.Read(file, target, offset);
            if (read == 0)
                return false;
            target = target[read..];
            offset += read;
        }

        return true;
    }
}
