using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Tables;

/// <summary>
/// Rows for every table: what one message brings, or what the drain gathers from many. It is rented from a
/// <see cref="BatchPool"/>, filled, written to the log, and returned.
/// </summary>
public sealed class TelemetryBatch
{
    private readonly Block[] _blocks;

    public TelemetryBatch() => _blocks = [Samples, Series, Logs, Spans, Events];

    public SampleBlock Samples { get; } = new();

    public SeriesBlock Series { get; } = new();

    public LogBlock Logs { get; } = new();

    public SpanBlock Spans { get; } = new();

    public EventBlock Events { get; } = new();

    /// <summary>All blocks. The order is part of the log's format: a block's place is its number there.</summary>
    public IReadOnlyList<Block> Blocks => _blocks;

    public int Rows
    {
        get
        {
            var rows = 0;
            foreach (var block in _blocks)
                rows += block.Rows;
            return rows;
        }
    }

    /// <summary>About how many bytes all rows take.</summary>
    public long Bytes
    {
        get
        {
            var bytes = 0L;
            foreach (var block in _blocks)
                bytes += block.Bytes;
            return bytes;
        }
    }

    public void Clear()
    {
        foreach (var block in _blocks)
            block.Clear();
    }

    /// <summary>Writes every block that has rows, each behind its number.</summary>
    public void Encode(ByteBuffer output)
    {
        for (var number = 0; number < _blocks.Length; number++)
        {
            if (_blocks[number].Rows == 0)
                continue;
            output.WriteByte((byte)number);
            _blocks[number].Encode(output);
        }
    }

    /// <summary>Appends all rows of a record's payload, up to its end.</summary>
    public void Append(ref ByteReader input)
    {
        while (input.Remaining > 0)
        {
            var number = input.ReadByte();
            if (number >= _blocks.Length)
                throw new InvalidDataException($"the record has rows for an unknown table, number {number}");
            _blocks[number].Append(ref input);
        }
    }
}
