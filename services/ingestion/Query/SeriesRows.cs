using Mesh.Common.ClickHouse;

namespace Mesh.Ingestion.Query;

/// <summary>What the points of few series are reckoned from, series by series: minutes as far as they serve, and behind them samples.</summary>
internal sealed class SeriesRows : IAsyncDisposable
{
    private readonly List<RowStream> _streams = [];

    private SeriesRows(IReadOnlyCollection<ulong> ids) => Ids = ids;

    /// <summary>Whose rows these are.</summary>
    public IReadOnlyCollection<ulong> Ids { get; }

    /// <summary>Asks for the rows; they come while other things are done.</summary>
    public static SeriesRows Ask(ClickHouseClient clickHouse, MetricQuery query, IReadOnlyCollection<ulong> ids, CancellationToken cancellationToken)
    {
        var rows = new SeriesRows(ids);
        if (query.IsOfMinutes)
        {
            var parameters = new SqlParameters();
            rows._streams.Add(new(clickHouse, MetricSql.MinuteRows(query, ids, parameters), parameters, SampleRow.MinuteBytes, SampleRow.OfMinute, cancellationToken));
        }

        if (!query.IsOfMinutes || query.End > query.RolledUp)
        {
            var parameters = new SqlParameters();
            var after = query.IsOfMinutes ? Math.Max(query.After, query.RolledUp) : query.After;
            rows._streams.Add(new(clickHouse, MetricSql.SampleRows(query, ids, after, parameters), parameters, SampleRow.SampleBytes, SampleRow.OfSample, cancellationToken));
        }

        return rows;
    }

    /// <summary>The next series that has rows; null when there is none.</summary>
    public async ValueTask<ulong?> NextAsync()
    {
        var next = default(ulong?);
        foreach (var stream in _streams)
        {
            if (await stream.NextAsync() is { } series && !(next <= series))
                next = series;
        }

        return next;
    }

    /// <summary>Moves on behind the rows of a series, which the points take in the order of time.</summary>
    public async ValueTask TakeAsync(ulong series, SeriesPoints points)
    {
        foreach (var stream in _streams)
            await stream.TakeAsync(series, points);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var stream in _streams)
            await stream.DisposeAsync();
        _streams.Clear();
    }
}
