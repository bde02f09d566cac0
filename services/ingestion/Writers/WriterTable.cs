using System.Collections.Concurrent;
using Mesh.Ingestion.Log;

namespace Mesh.Ingestion.Writers;

/// <summary>
/// All writers that are remembered. After a restart it is rebuilt from the last snapshot and the log behind it, so a batch
/// that was acknowledged before a crash is known after it.
/// </summary>
public sealed class WriterTable(TimeProvider time)
{
    /// <summary>How long a writer is remembered after its last batch.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromDays(7);

    /// <summary>How long the id of a single write is remembered.</summary>
    public static readonly TimeSpan RequestMemory = TimeSpan.FromHours(1);

    private const string RequestPrefix = "request/";

    private readonly ConcurrentDictionary<string, Writer> _writers = new(StringComparer.Ordinal);

    public int Count => _writers.Count;

    /// <summary>The writer of streams that a caller names so. Another caller's writer of the same name is another writer.</summary>
    public Writer OfStream(string caller, string writerId) => Get($"stream/{caller}/{writerId}");

    /// <summary>The writer that stands for one request id of a tenant.</summary>
    public Writer OfRequest(string tenant, string requestId) => Get($"{RequestPrefix}{tenant}/{requestId}");

    /// <summary>Rebuilds the table: the snapshot's writers, and whatever the log holds behind the snapshot.</summary>
    public void Restore(WriterSnapshot snapshot, WriteAheadLog log)
    {
        var state = new Dictionary<string, WriterState>(snapshot.Writers, StringComparer.Ordinal);
        using var reader = new LogReader(log, snapshot.Position);
        while (reader.TryRead())
            WriterSnapshot.Apply(state, reader);
        foreach (var (key, writer) in state)
            _writers[key] = new Writer(key, writer.Number, writer.SeenMilliseconds);
    }

    /// <summary>Forgets writers that have been silent for longer than they are remembered.</summary>
    public void Forget()
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var (key, writer) in _writers)
        {
            if (IsForgotten(key, writer.SeenMilliseconds, now) && writer.Settled.IsCompleted)
                _writers.TryRemove(key, out _);
        }
    }

    public static bool IsForgotten(string key, long seenMilliseconds, long nowMilliseconds)
    {
        var memory = key.StartsWith(RequestPrefix, StringComparison.Ordinal) ? RequestMemory : Memory;
        return nowMilliseconds - seenMilliseconds > memory.TotalMilliseconds;
    }

    private Writer Get(string key)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var writer = _writers.GetOrAdd(key, static (key, now) => new Writer(key, 0, now), now);
        writer.SeenMilliseconds = now;
        return writer;
    }
}
