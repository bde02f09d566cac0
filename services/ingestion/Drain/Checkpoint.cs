using System.Buffers.Binary;
using Mesh.Ingestion.Log;

namespace Mesh.Ingestion.Drain;

/// <summary>The positions up to which the database has everything, in a file that is replaced as a whole.</summary>
public sealed class Checkpoint(string path)
{
    private const int Size = 20;

    public static Checkpoint In(string folder) => new(Path.Combine(folder, "checkpoint"));

    public DrainPosition Read()
    {
        if (!File.Exists(path))
            return default;

        var bytes = File.ReadAllBytes(path).AsSpan();
        return bytes.Length == Size && Crc32C.Compute(bytes[..16]) == BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..])
            ? new(BinaryPrimitives.ReadInt64LittleEndian(bytes), BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]))
            : throw new InvalidDataException($"{path} is damaged");
    }

    public void Write(DrainPosition position)
    {
        Span<byte> bytes = stackalloc byte[Size];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, position.Drained);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], position.RollupStart);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[16..], Crc32C.Compute(bytes[..16]));
        Durable.Replace(path, bytes);
    }
}
