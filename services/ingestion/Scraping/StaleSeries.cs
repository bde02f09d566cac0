using System.Collections.Concurrent;
using Mesh.Ingestion.Targets;

namespace Mesh.Ingestion.Scraping;

/// <summary>
/// Remembers which series each target showed last, so that one it shows no longer ends then and there. What another replica
/// has read is not known here: such a series ends as every one does that has no samples any more, after the look-back of queries.
/// </summary>
internal sealed class StaleSeries(TimeProvider time)
{
    // After this nobody sees the series any more.
    private static readonly TimeSpan Forgotten = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<TargetName, (HashSet<ulong> Series, long Time)> _shown = new();
    private long _swept = time.GetTimestamp();

    /// <summary>The series that the target showed last and does not show now.</summary>
    public IEnumerable<ulong> MissingFrom(TargetName target, HashSet<ulong> shown) =>
        _shown.TryGetValue(target, out var before) ? before.Series.Where(series => !shown.Contains(series)) : [];

    /// <summary>Remembers what the target shows now.</summary>
    public void Remember(TargetName target, HashSet<ulong> shown)
    {
        _shown[target] = (shown, time.GetTimestamp());
        if (time.GetElapsedTime(Interlocked.Read(ref _swept)) < Forgotten)
            return;
        Interlocked.Exchange(ref _swept, time.GetTimestamp());
        foreach (var (name, (_, last)) in _shown)
        {
            if (time.GetElapsedTime(last) > Forgotten)
                _shown.TryRemove(name, out _);
        }
    }
}
