namespace Mesh.Scheduler.Endpoints;

/// <summary>All healthy addresses in one generation, and when each workload's last changed. Never changes itself.</summary>
public sealed class EndpointSnapshot
{
    private readonly Dictionary<string, Entry> _entries;

    private EndpointSnapshot(long generation, Dictionary<string, Entry> entries)
    {
        Generation = generation;
        _entries = entries;
    }

    public static EndpointSnapshot Empty { get; } = new(-1, []);

    public long Generation { get; }

    /// <summary>The workloads that have addresses.</summary>
    public IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> All =>
        _entries.Where(entry => entry.Value.Addresses.Count > 0).Select(entry => KeyValuePair.Create(entry.Key, entry.Value.Addresses));

    /// <summary>What changed after a generation; a workload without addresses any more has none.</summary>
    public IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> ChangedAfter(long generation) =>
        _entries.Where(entry => entry.Value.Generation > generation)
            .Select(entry => KeyValuePair.Create(entry.Key, entry.Value.Addresses));

    /// <summary>The table of a later generation.</summary>
    public EndpointSnapshot Next(long generation, IReadOnlyDictionary<string, IReadOnlyList<string>> addresses)
    {
        var entries = new Dictionary<string, Entry>(addresses.Count);
        foreach (var (workload, now) in addresses)
            entries[workload] = _entries.TryGetValue(workload, out var known) && known.Addresses.SequenceEqual(now)
                ? known
                : new Entry(now, generation);
        // Those that went are kept, empty, so that a stream that is behind hears of it.
        foreach (var (workload, known) in _entries)
            if (!addresses.ContainsKey(workload))
                entries[workload] = known.Addresses.Count == 0 ? known : new Entry([], generation);
        return new EndpointSnapshot(generation, entries);
    }

    private sealed record Entry(IReadOnlyList<string> Addresses, long Generation);
}
