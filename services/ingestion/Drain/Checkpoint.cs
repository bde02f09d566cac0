using System.Buffers.Binary;
using Mesh.Ingestion.Log;

namespace Mesh.Ingestion.Drain;

/// <summary>The position up to which the database has everything, in a file that is replaced as a whole.</summary>
public sealed class Checkpoint(string path)
{
    private const int Size = 12;

    public static Checkpoint In(string folder) => new(Path.Combine(folder, "checkpoint"));

    public long Read()
    {
        if (!File.Exists(path))
            return 0;

        var bytes = File.ReadAllBytes(path).AsSpan();
        return bytes.Length == Size && Crc32C.Compute(bytes[..8]) == BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..])
            ? BinaryPrimitives.ReadInt64LittleEndian(bytes)
            : throw new InvalidDataException($"{path} is damaged");
    }

    public void Write(long position)
    {
        Span<byte> bytes = stackalloc byte[Size];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, position);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], Crc32C.Compute(bytes[..8]));
        Durable.Replace(path, bytes);
    }
}
