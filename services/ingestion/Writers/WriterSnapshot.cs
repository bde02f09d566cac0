using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Log;

namespace Mesh.Ingestion.Writers;

/// <summary>The last batch of one writer up to some position of the log.</summary>
public readonly record struct WriterState(ulong Number, long SeenMilliseconds);

/// <summary>
/// Which batches and requests are in the log before a position. The log must be kept from that position on: what lies behind it is
/// read again at a start.
/// </summary>
public sealed record WriterSnapshot(
    long Position, IReadOnlyDictionary<string, WriterState> Writers, IReadOnlyCollection<(UInt128 Key, long Milliseconds)> Requests)
{
    private const int RequestSize = 24;

    private static ReadOnlySpan<byte> Mark => "MESHWRT2"u8;

    public static WriterSnapshot Empty { get; } = new(0, new Dictionary<string, WriterState>(), []);

    public static WriterSnapshot Read(string path)
    {
        if (!File.Exists(path))
            return Empty;

        var bytes = File.ReadAllBytes(path).AsSpan();
        if (bytes.Length < Mark.Length + 4 || !bytes.StartsWith(Mark)
            || Crc32C.Compute(bytes[..^4]) != BitConverter.ToUInt32(bytes[^4..]))
            throw new InvalidDataException($"{path} is damaged");

        var reader = new ByteReader(bytes[Mark.Length..^4]);
        var position = (long)reader.ReadUInt64();
        var writers = new Dictionary<string, WriterState>(StringComparer.Ordinal);
        for (var count = reader.ReadCount(); count > 0; count--)
            writers[reader.ReadString()] = new WriterState(reader.ReadVarint(), (long)reader.ReadUInt64());
        var requests = new (UInt128 Key, long Milliseconds)[reader.ReadCount(RequestSize)];
        foreach (ref var request in requests.AsSpan())
            request = (new UInt128(reader.ReadUInt64(), reader.ReadUInt64()), (long)reader.ReadUInt64());
        return new WriterSnapshot(position, writers, requests);
    }

    public void Write(string path)
    {
        using var bytes = new ByteBuffer();
        bytes.Write(Mark);
        bytes.WriteUInt64((ulong)Position);
        bytes.WriteVarint((ulong)Writers.Count);
        foreach (var (key, state) in Writers)
        {
            bytes.WriteString(key);
            bytes.WriteVarint(state.Number);
            bytes.WriteUInt64((ulong)state.SeenMilliseconds);
        }

        bytes.WriteVarint((ulong)Requests.Count);
        foreach (var (key, milliseconds) in Requests)
        {
            RecordHead.Write(bytes, key);
            bytes.WriteUInt64((ulong)milliseconds);
        }

        bytes.WriteUInt32(Crc32C.Compute(bytes.Span));
        Durable.Replace(path, bytes.Span);
    }
}
