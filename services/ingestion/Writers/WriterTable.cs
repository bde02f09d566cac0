using Mesh.Common.Errors;
using Mesh.Ingestion.Intake;

namespace Mesh.Ingestion.Writers;

/// <summary>
/// All writers that are remembered, within <see cref="WriterLimits"/>. After a restart it is rebuilt from the last snapshot and the
/// log behind it, so a batch that was acknowledged before a crash is known after it.
/// </summary>
public sealed class WriterTable(TimeProvider time, WriterLimits limits)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, WriterGroup> _groups = new(StringComparer.Ordinal);

    /// <summary>
    /// The writers that the log knows, without those that had been forgotten by now: one that was, and has begun anew since, must not come
    /// back with its old number.
    /// </summary>
    public WriterTable(TimeProvider time, WriterLimits limits, SenderState restored)
        : this(time, limits)
    {
        foreach (var (key, state) in restored.Writers.OrderBy(writer => writer.Value.SeenMilliseconds))
        {
            if (!WriterLimits.IsForgotten(key, state.SeenMilliseconds, Now))
                GroupOf(key).Add(new Writer(key, state.Number, state.SeenMilliseconds));
        }
    }

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>How many writers are remembered.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _groups.Values.Sum(group => group.Count);
        }
    }

    /// <summary>The writer of streams of a tenant that a caller names so; RESOURCE_EXHAUSTED where the tenant has too many.</summary>
    public HeldWriter OfStream(string tenant, string caller, string writerId) => Hold(WriterLimits.KeyOfStream(tenant, caller, writerId));

    /// <summary>The writer that stands for one request id of a tenant; RESOURCE_EXHAUSTED where the tenant has too many.</summary>
    public HeldWriter OfRequest(string tenant, string requestId) => Hold(WriterLimits.KeyOfRequest(tenant, requestId));

    /// <summary>The writer that stands for a target, whose readings it numbers.</summary>
    public Writer OfTarget(string target)
    {
        var (key, now) = (WriterLimits.KeyOfTarget(target), Now);
        lock (_gate)
        {
            var group = GroupOf(key);
            if (group.Find(key) is not { } writer)
                group.Add(writer = new Writer(key, 0, now));

            group.Touch(writer, now);
            return writer;
        }
    }

    /// <summary>Forgets writers that have been silent for longer than they are remembered.</summary>
    public void Forget()
    {
        var now = Now;
        lock (_gate)
        {
            foreach (var (name, group) in _groups)
            {
                group.Forget(now);
                if (group.Count == 0)
                    _groups.Remove(name);
            }
        }
    }

    internal void Release(Writer writer)
    {
        var now = Now;
        lock (_gate)
            GroupOf(writer.Key).Release(writer, now);
    }

    private HeldWriter Hold(string key)
    {
        var now = Now;
        lock (_gate)
        {
            var group = GroupOf(key);
            if (group.Find(key) is not { } writer)
            {
                if (!group.HasRoom(now))
                    throw TooMany(group.NextRoom(now));
                group.Add(writer = new Writer(key, 0, now));
            }

            group.Hold(writer);
            return new HeldWriter(this, writer);
        }
    }

    private static MeshException TooMany(TimeSpan wait)
    {
        IntakeMetrics.RefusedWhole("TOO_MANY_WRITERS", 0);
        return MeshException.ResourceExhausted(
            "TOO_MANY_WRITERS", "The tenant has begun too many writers within a week, or request ids within an hour. A sender should keep its writer's id.", wait);
    }

    private WriterGroup GroupOf(string key)
    {
        var name = WriterLimits.GroupOf(key);
        if (!_groups.TryGetValue(name, out var group))
            _groups[name] = group = new WriterGroup(limits.MostOf(name));
        return group;
    }
}

/// <summary>A writer that is used, and not forgotten until this is disposed.</summary>
public sealed class HeldWriter(WriterTable table, Writer writer) : IDisposable
{
    private int _released;

    public Writer Writer => writer;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _released, 1) == 0)
            table.Release(writer);
    }
}
