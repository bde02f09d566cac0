using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Mesh.Agent.Images;

/// <summary>
/// Reads POSIX (pax), ustar and GNU archives entry by entry. It exists because layers are hostile until proved
/// otherwise: every size in a header is bounded before it is believed.
/// </summary>
internal sealed class TarReader(Stream source)
{
    private const int Block = 512;
    private const int LargestExtension = 1 << 20;
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: false);

    private readonly byte[] header = new byte[Block];
    private long remaining;
    private long padding;

    /// <summary>The next entry, or null at the end. What was not read of the entry before is skipped.</summary>
    public TarEntry? Next()
    {
        Dictionary<string, string> extended = [];
        while (true)
        {
            Skip(remaining + padding);
            (remaining, padding) = (0, 0);
            if (source.ReadAtLeast(header, Block, throwOnEndOfStream: false) < Block) return null;
            if (!header.AsSpan().ContainsAnyExcept((byte)0)) return null;
            VerifyChecksum();
            var size = extended.TryGetValue("size", out var text) ? Decimal(text) : Number(124, 12);
            switch ((char)header[156])
            {
                case 'x':
                    ReadPax(ReadExtension(size), extended);
                    continue;
                case 'g':
                    ReadExtension(size);
                    continue;
                case 'L':
                    extended["path"] = Text(ReadExtension(size));
                    continue;
                case 'K':
                    extended["linkpath"] = Text(ReadExtension(size));
                    continue;
                default:
                    return Entry(size, extended);
            }
        }
    }

    /// <summary>Reads of the present entry's content; 0 at its end.</summary>
    public int Read(Span<byte> buffer)
    {
        if (remaining == 0) return 0;
        var read = source.Read(buffer[..(int)Math.Min(buffer.Length, remaining)]);
        if (read == 0) throw new ImageException("The layer ends within a file.");
        remaining -= read;
        return read;
    }

    private TarEntry Entry(long size, Dictionary<string, string> extended)
    {
        var kind = (char)header[156] switch
        {
            '0' or '\0' or '7' => TarEntryKind.File,
            '1' => TarEntryKind.HardLink,
            '2' => TarEntryKind.SymbolicLink,
            '3' or '4' => TarEntryKind.Device,
            '5' => TarEntryKind.Directory,
            '6' => TarEntryKind.Fifo,
            var other => throw new ImageException($"The layer holds an entry of the unknown type '{other}'."),
        };
        (remaining, padding) = (size, Padding(size));
        var name = extended.GetValueOrDefault("path") ?? Name();
        if (kind == TarEntryKind.File && name.EndsWith('/')) kind = TarEntryKind.Directory;
        var modified = extended.TryGetValue("mtime", out var time) ? Seconds(time) : Number(136, 12);
        return new(
            name, kind, extended.GetValueOrDefault("linkpath") ?? Text(header.AsSpan(157, 100)), size,
            (uint)(Number(100, 8) & 0xfff),
            Identity(extended.TryGetValue("uid", out var user) ? Decimal(user) : Number(108, 8)),
            Identity(extended.TryGetValue("gid", out var group) ? Decimal(group) : Number(116, 8)),
            DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(modified, 0, 253402300799)));
    }

    private string Name()
    {
        var name = Text(header.AsSpan(0, 100));
        var isUstar = header.AsSpan(257, 6).SequenceEqual("ustar\0"u8);
        var prefix = isUstar ? Text(header.AsSpan(345, 155)) : "";
        return prefix.Length > 0 ? $"{prefix}/{name}" : name;
    }

    private byte[] ReadExtension(long size)
    {
        if (size is < 0 or > LargestExtension) throw new ImageException($"The layer holds a header of {size} bytes.");
        var content = new byte[size];
        ReadWhole(content);
        Skip(Padding(size));
        return content;
    }

    private static void ReadPax(byte[] content, Dictionary<string, string> extended)
    {
        for (var rest = content.AsSpan(); rest.Length > 0;)
        {
            var space = rest.IndexOf((byte)' ');
            if (space <= 0 || !int.TryParse(rest[..space], NumberStyles.None, CultureInfo.InvariantCulture, out var length)
                || length <= space + 1 || length > rest.Length)
                throw new ImageException("The layer holds a malformed pax header.");
            var record = rest[(space + 1)..(length - 1)];
            var equals = record.IndexOf((byte)'=');
            if (equals > 0) extended[Utf8.GetString(record[..equals])] = Utf8.GetString(record[(equals + 1)..]);
            rest = rest[length..];
        }

        if (extended.Keys.Any(key => key.StartsWith("GNU.sparse.", StringComparison.Ordinal)))
            throw new ImageException("The layer holds a sparse file, which is not supported.");
    }

    private void VerifyChecksum()
    {
        var stated = Number(148, 8);
        var sum = 8L * ' ';
        for (var i = 0; i < Block; i++)
            if (i is < 148 or >= 156) sum += header[i];
        if (sum != stated) throw new ImageException("The layer is not a tar archive, or is damaged: a header's checksum is wrong.");
    }

    // Octal digits; GNU writes what does not fit as a big-endian number whose first bit is set.
    private long Number(int offset, int length)
    {
        var field = header.AsSpan(offset, length);
        if ((field[0] & 0x80) != 0) return BinaryPrimitives.ReadInt64BigEndian(field[^8..]) & long.MaxValue;
        long value = 0;
        foreach (var digit in field)
        {
            if (digit is 0 or (byte)' ')
            {
                if (value == 0) continue;
                break;
            }

            if (digit is < (byte)'0' or > (byte)'7') throw new ImageException("The layer holds a header with a malformed number.");
            value = (value << 3) + digit - '0';
        }

        return value;
    }

    private static long Decimal(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : throw new ImageException("The layer holds a malformed pax header.");

    private static long Seconds(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && Math.Abs(value) < 1e12 ? (long)value : 0;

    private static uint Identity(long value) => value is >= 0 and < uint.MaxValue
        ? (uint)value
        : throw new ImageException($"The layer holds a file of the impossible user or group {value}.");

    private static string Text(ReadOnlySpan<byte> field)
    {
        var end = field.IndexOf((byte)0);
        return Utf8.GetString(end < 0 ? field : field[..end]);
    }

    private static long Padding(long size) => (Block - (size % Block)) % Block;

    private void Skip(long count)
    {
        Span<byte> buffer = stackalloc byte[4096];
        while (count > 0)
        {
            var read = source.Read(buffer[..(int)Math.Min(buffer.Length, count)]);
            if (read == 0) throw new ImageException("The layer ends within a file.");
            count -= read;
        }
    }

    private void ReadWhole(byte[] content)
    {
        if (source.ReadAtLeast(content, content.Length, throwOnEndOfStream: false) < content.Length) throw new ImageException("The layer ends within a header.");
    }
}
