namespace Mesh.Ingestion.Writers;

/// <summary>The writers of one kind and one tenant. Those that nobody uses now stand in the order in which they were last heard of.</summary>
internal sealed class WriterGroup(int most)
{
    private readonly Dictionary<string, Writer> _writers = new(StringComparer.Ordinal);
    private readonly LinkedList<Writer> _idle = new();

    public int Count => _writers.Count;

    /// <summary>Whether there is room for one more writer.</summary>
    public bool HasRoom(long now)
    {
        if (_writers.Count >= most)
            Forget(now);
        return _writers.Count < most;
    }

    /// <summary>After which time it is worth asking for room again: an hour at the most.</summary>
    public TimeSpan NextRoom(long now)
    {
        var wait = _idle.First?.Value is { } oldest
            ? WriterLimits.MemoryOf(oldest.Key) - TimeSpan.FromMilliseconds(now - oldest.SeenMilliseconds - 1)
            : WriterLimits.ShortMemory;
        return TimeSpan.FromMilliseconds(Math.Clamp(wait.TotalMilliseconds, 1000, WriterLimits.ShortMemory.TotalMilliseconds));
    }

    public Writer? Find(string key) => _writers.GetValueOrDefault(key);

    public void Add(Writer writer)
    {
        _writers.Add(writer.Key, writer);
        Rest(writer, writer.SeenMilliseconds);
    }

    /// <summary>Somebody uses the writer: it is not forgotten meanwhile.</summary>
    public void Hold(Writer writer)
    {
        writer.Holders++;
        Stir(writer);
    }

    /// <summary>The writer was heard of. What nobody uses any more and has never written is forgotten at once.</summary>
    public void Release(Writer writer, long now)
    {
        if (--writer.Holders > 0)
            return;
        if (writer.IsUnused)
            _writers.Remove(writer.Key);
        else
            Rest(writer, now);
    }

    /// <summary>The writer, which nobody holds, was heard of.</summary>
    public void Touch(Writer writer, long now)
    {
        Stir(writer);
        Rest(writer, now);
    }

    /// <summary>Forgets writers that have been silent for longer than they are remembered.</summary>
    public void Forget(long now)
    {
        while (_idle.First?.Value is { } oldest && WriterLimits.IsForgotten(oldest.Key, oldest.SeenMilliseconds, now) && oldest.Settled.IsCompleted)
            Remove(oldest);
    }

    private void Rest(Writer writer, long seen)
    {
        writer.SeenMilliseconds = seen;
        writer.Idle = _idle.AddLast(writer);
    }

    private void Stir(Writer writer)
    {
        if (writer.Idle is { } place)
            _idle.Remove(place);
        writer.Idle = null;
    }

    private void Remove(Writer writer)
    {
        Stir(writer);
        _writers.Remove(writer.Key);
    }
}
