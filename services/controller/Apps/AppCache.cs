using System.Collections.Concurrent;
using Mesh.Common.Names;
using Mesh.Common.Postgres;

namespace Mesh.Controller.Apps;

/// <summary>
/// Apps by name, as they are answered, so that a read costs no query. Every change notifies all replicas, which forget the app;
/// a replica that cannot hear forgets by time.
/// </summary>
public sealed class AppCache
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(5);
    private const int Capacity = 50_000;

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly AppStore _store;
    private readonly AppAddress _address;
    private readonly TimeProvider _time;
    private long _changes;

    public AppCache(AppStore store, AppAddress address, PostgresSignals signals, TimeProvider time)
    {
        (_store, _address, _time) = (store, address, time);
        signals.Heard += heard => Forget(heard.Missed ? null : heard.Payload);
    }

    /// <summary>The app as it is answered. Never modify it: it is shared.</summary>
    public ValueTask<V1.App> GetAsync(string name, CancellationToken cancellationToken) =>
        _entries.TryGetValue(name, out var entry) && _time.GetElapsedTime(entry.ReadAt) < s_longest
            ? new(entry.App)
            : new(LoadAsync(AppName.Parse(name), cancellationToken));

    /// <summary>Forgets an app at once, so that whoever changed it reads his own change. Null forgets all.</summary>
    public void Forget(string? name)
    {
        // Counted first: a reader that is on its way then does not keep what it read before.
        Interlocked.Increment(ref _changes);
        if (name is null) _entries.Clear();
        else _entries.TryRemove(name, out _);
    }

    private async Task<V1.App> LoadAsync(AppName name, CancellationToken cancellationToken)
    {
        var (before, readAt) = (Interlocked.Read(ref _changes), _time.GetTimestamp());
        var app = (await _store.GetAsync(name, cancellationToken)).ToWire(_address);
        if (_entries.Count >= Capacity) _entries.Clear();
        var key = name.ToString();
        _entries[key] = new(app, readAt);
        // A change that came meanwhile may have looked for the entry before it was there.
        if (Interlocked.Read(ref _changes) != before) _entries.TryRemove(key, out _);
        return app;
    }

    private sealed record Entry(V1.App App, long ReadAt);
}
