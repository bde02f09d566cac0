namespace Mesh.Ingestion.Columns;

/// <summary>Rows for one ClickHouse table, held by columns. A table's own block names its columns.</summary>
public abstract class Block(string table, params (string Name, Column Column)[] columns)
{
    public string Table => table;

    public IReadOnlyList<(string Name, Column Column)> Columns => columns;

    public IReadOnlyList<string> ColumnNames { get; } = [.. columns.Select(column => column.Name)];

    public int Rows => columns[0].Column.Rows;

    /// <summary>About how many bytes the rows take in memory and in a record of the log.</summary>
    public long Bytes
    {
        get
        {
            var bytes = 0L;
            foreach (var (_, column) in columns)
                bytes += column.Bytes;
            return bytes;
        }
    }

    public void Clear()
    {
        foreach (var (_, column) in columns)
            column.Clear();
    }

    /// <summary>Writes the row count and every column, as a log record holds them.</summary>
    public void Encode(ByteBuffer output)
    {
        output.WriteVarint((ulong)Rows);
        foreach (var (_, column) in columns)
            column.Encode(output);
    }

    /// <summary>Appends the rows of a log record.</summary>
    public void Append(ref ByteReader input)
    {
        var rows = input.ReadCount();
        foreach (var (_, column) in columns)
            column.Append(ref input, rows);
    }
}
