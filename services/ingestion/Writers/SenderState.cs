using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Log;

namespace Mesh.Ingestion.Writers;

/// <summary>What the log says of its senders up to some position: the last batch of each writer, and the requests of late.</summary>
public sealed class SenderState
{
    private readonly long _position;

    /// <summary>The state at a snapshot's position.</summary>
    public SenderState(WriterSnapshot snapshot)
    {
        _position = snapshot.Position;
        Writers = new Dictionary<string, WriterState>(snapshot.Writers, StringComparer.Ordinal);
        foreach (var (key, milliseconds) in snapshot.Requests)
            Requests.Add(key, milliseconds);
    }

    public Dictionary<string, WriterState> Writers { get; }

    public RequestWindow Requests { get; } = new();

    /// <summary>The state at the log's durable end: the snapshot, and what lies behind it.</summary>
    public static SenderState Restore(WriterSnapshot snapshot, WriteAheadLog log)
    {
        var state = new SenderState(snapshot);
        using var reader = new LogReader(log, snapshot.Position);
        while (reader.TryRead())
            state.Apply(reader);
        return state;
    }

    /// <summary>Takes the frame that the reader stands on into the state, unless the snapshot had it.</summary>
    public void Apply(LogReader reader)
    {
        if (reader.Position <= _position)
            return;
        var payload = new ByteReader(reader.Payload);
        var head = RecordHead.Read(ref payload);
        if (head.Writer.Length > 0)
            Writers[head.Writer] = new WriterState(head.Number, reader.Header.UnixMilliseconds);
        if (head.Request is { } request)
            Requests.Add(request, reader.Header.UnixMilliseconds);
    }

    /// <summary>The state as it is kept at a position, without the writers that are forgotten at this time, in milliseconds since 1970.</summary>
    public WriterSnapshot SnapshotAt(long position, long now)
    {
        foreach (var (key, state) in Writers)
        {
            if (WriterLimits.IsForgotten(key, state.SeenMilliseconds, now))
                Writers.Remove(key);
        }

        return new WriterSnapshot(position, Writers, Requests.Requests);
    }
}
