using System.Collections.Concurrent;
using Mesh.Ingestion.Targets;
using Npgsql;

namespace Mesh.Ingestion.Scraping;

/// <summary>
/// Knows which series each target showed last, so that one it shows no longer ends then and there. Replicas read a target by
/// turns: what another one has found stands in PostgreSQL. While that is away such a series ends as every one does that has
/// no samples any more, after the look-back of queries.
/// </summary>
internal sealed class StaleSeries(TargetSeriesStore store, TimeProvider time, ILogger<StaleSeries> logger)
{
    // After this nobody sees the series any more.
    private static readonly TimeSpan Forgotten = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<TargetName, Known> _known = new();
    private long _swept = time.GetTimestamp();

    /// <summary>The series that the target showed last, before this turn.</summary>
    public async Task<HashSet<ulong>> BeforeAsync(TargetTurn turn, CancellationToken cancellationToken)
    {
        var name = turn.Target.Name;
        _known.TryGetValue(name, out var known);
        if (known?.Turn == turn.Number - 1)
            return known.Series;
        try
        {
            var (kept, series) = await store.ReadAsync(name, known?.Kept ?? 0, cancellationToken);
            known = new Known(series ?? known!.Series, turn.Number - 1, kept, time.GetTimestamp());
            _known[name] = known;
            return known.Series;
        }
        catch (NpgsqlException exception)
        {
            logger.LogDebug(exception, "What {Target} showed before is not known", name);
            return [];
        }
    }

    /// <summary>Remembers what the target shows now.</summary>
    public async Task RememberAsync(TargetTurn turn, HashSet<ulong> shown, CancellationToken cancellationToken)
    {
        var name = turn.Target.Name;
        _known.TryGetValue(name, out var known);
        var kept = known?.Kept ?? 0;
        if (known is null || !known.Series.SetEquals(shown))
            kept = await KeepAsync(turn, shown, cancellationToken) ? turn.Number : 0;
        _known[name] = new Known(shown, turn.Number, kept, time.GetTimestamp());
        Sweep();
    }

    private async Task<bool> KeepAsync(TargetTurn turn, HashSet<ulong> shown, CancellationToken cancellationToken)
    {
        try
        {
            await store.KeepAsync(turn.Target.Name, turn.Number, shown, cancellationToken);
            return true;
        }
        catch (NpgsqlException exception)
        {
            logger.LogDebug(exception, "What {Target} shows is not kept", turn.Target.Name);
            return false;
        }
    }

    private void Sweep()
    {
        if (time.GetElapsedTime(Interlocked.Read(ref _swept)) < Forgotten)
            return;
        Interlocked.Exchange(ref _swept, time.GetTimestamp());
        foreach (var (name, known) in _known)
        {
            if (time.GetElapsedTime(known.Time) > Forgotten)
                _known.TryRemove(name, out _);
        }
    }

    /// <summary>What is known of a target: up to which turn, and which turn's finding is kept; 0 where that is not known.</summary>
    private sealed record Known(HashSet<ulong> Series, long Turn, long Kept, long Time);
}
