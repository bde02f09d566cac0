using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Log;
using Mesh.Ingestion.Tables;
using Mesh.Ingestion.Writers;

namespace Mesh.Ingestion.Drain;

/// <summary>
/// Gathers the records of the log from a batch's start to its end. The ends stand in the log, so whoever gathers from
/// the same start gets the same rows in the same order.
/// </summary>
public sealed class DrainBatch(long start, SenderState senders)
{
    private BatchEnd _ended;

    public TelemetryBatch Rows { get; } = new();

    /// <summary>Where the batch begins in the log.</summary>
    public long Start { get; private set; } = start;

    /// <summary>Where it ends; meaningful once it is gathered.</summary>
    public long End { get; private set; } = start;

    /// <summary>Whether a roll-up ends with the batch.</summary>
    public bool EndsRollup => _ended == BatchEnd.Rollup;

    /// <summary>When the first of its records was written.</summary>
    public long UnixMilliseconds { get; private set; }

    /// <summary>The senders up to <see cref="End"/>.</summary>
    public SenderState Senders => senders;

    /// <summary>Takes in what is durable; true when the batch has reached its end.</summary>
    public bool Gather(LogReader reader)
    {
        while (_ended == BatchEnd.None && reader.TryRead())
        {
            senders.Apply(reader);
            var payload = new ByteReader(reader.Payload);
            RecordHead.Read(ref payload);
            Rows.Append(ref payload);
            if (End == Start)
                UnixMilliseconds = reader.Header.UnixMilliseconds;
            End = reader.Position;
            _ended = reader.Header.End;
        }

        return _ended != BatchEnd.None;
    }

    /// <summary>What ClickHouse knows the rows of one table by that come from a stretch of the log. The same stretch has the same token for ever.</summary>
    public static string TokenOf(string table, Guid logId, long start, long end) => $"{logId:N}-{start:x}-{end:x}-{table}";

    /// <summary>Begins the batch behind this one.</summary>
    public void Next()
    {
        Rows.Clear();
        Start = End;
        _ended = BatchEnd.None;
    }
}
