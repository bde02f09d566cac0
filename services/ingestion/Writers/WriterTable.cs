using System.Collections.Concurrent;

namespace Mesh.Ingestion.Writers;

/// <summary>
/// All writers that are remembered. After a restart it is rebuilt from the last snapshot and the log behind it, so a batch
/// that was acknowledged before a crash is known after it.
/// </summary>
public sealed class WriterTable(TimeProvider time)
{
    /// <summary>The writers that the log knows.</summary>
    public WriterTable(TimeProvider time, SenderState restored)
        : this(time)
    {
        foreach (var (key, state) in restored.Writers)
            _writers[key] = new Writer(key, state.Number, state.SeenMilliseconds);
    }

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

    /// <summary>The writer that stands for a target, whose readings it numbers.</summary>
    public Writer OfTarget(string target) => Get($"target/{target}");

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
