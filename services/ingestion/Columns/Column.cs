namespace Mesh.Ingestion.Columns;

/// <summary>
/// One column of a block. It knows three forms: rows appended by a receiver, the bytes of a log record, and the bytes of
/// a ClickHouse Native block. Columns are cleared and used again.
/// </summary>
public abstract class Column
{
    /// <summary>About how many bytes of a Native block are written at a step.</summary>
    protected const int StepBytes = 1 << 18;

    /// <summary>The ClickHouse type, as a Native block names it.</summary>
    public abstract string Type { get; }

    public abstract int Rows { get; }

    /// <summary>About how many bytes the rows take in memory and in a record of the log.</summary>
    public abstract long Bytes { get; }

    public abstract void Clear();

    /// <summary>Writes all rows as a log record holds them.</summary>
    public abstract void Encode(ByteBuffer output);

    /// <summary>Appends <paramref name="rows"/> rows of a log record to what the column holds.</summary>
    public abstract void Append(ref ByteReader input, int rows);

    /// <summary>Writes what precedes the data in a Native block; most types have nothing there.</summary>
    public virtual void WriteNativePrefix(ByteBuffer output)
    {
    }

    /// <summary>
    /// Writes all rows as a Native block holds them, a part at each step; whoever takes the steps may empty the output between them.
    /// </summary>
    public abstract IEnumerable<ByteBuffer> WriteNative(ByteBuffer output);
}
