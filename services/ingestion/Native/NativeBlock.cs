using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Native;

/// <summary>Writes a block in ClickHouse's Native format, as an HTTP insert takes it.</summary>
public static class NativeBlock
{
    private const int PieceBytes = 1 << 20;

    /// <summary>The bytes of a block, piece by piece, so that they never exist all at once. A piece is valid until the next one is asked for.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> PiecesOf(Block block)
    {
        using var output = new ByteBuffer(2 * PieceBytes);
        output.WriteVarint((ulong)block.Columns.Count);
        output.WriteVarint((ulong)block.Rows);
        foreach (var (name, column) in block.Columns)
        {
            if (column.Rows != block.Rows)
                throw new InvalidOperationException($"column {name} of {block.Table} has {column.Rows} rows and not {block.Rows}");

            output.WriteString(name);
            output.WriteString(column.Type);
            column.WriteNativePrefix(output);
            foreach (var _ in column.WriteNative(output))
            {
                if (output.Length < PieceBytes)
                    continue;
                yield return output.Memory;
                output.Clear();
            }
        }

        yield return output.Memory;
    }
}
