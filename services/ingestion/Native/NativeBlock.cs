using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Native;

/// <summary>Writes a block in ClickHouse's Native format, as an HTTP insert takes it.</summary>
public static class NativeBlock
{
    public static void Write(Block block, ByteBuffer output)
    {
        output.WriteVarint((ulong)block.Columns.Count);
        output.WriteVarint((ulong)block.Rows);
        foreach (var (name, column) in block.Columns)
        {
            if (column.Rows != block.Rows)
                throw new InvalidOperationException($"column {name} of {block.Table} has {column.Rows} rows and not {block.Rows}");

            output.WriteString(name);
            output.WriteString(column.Type);
            column.WriteNativePrefix(output);
            column.WriteNative(output);
        }
    }
}
