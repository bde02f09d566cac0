using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using Mesh.Common.ClickHouse;
using Mesh.Common.Errors;
using Mesh.Ingestion.Query;

namespace Mesh.Ingestion.RemoteRead;

/// <summary>
/// Reads raw samples, series by series in the order of their labels. Series are read in groups, so that memory is bounded by
/// a group's samples and not by the answer.
/// </summary>
public sealed class ReadStore(ClickHouseClient clickHouse)
{
    private const int MaxSeries = 100_000;
    private const int GroupSeries = 200;
    private const long GroupSamples = 1_000_000;
    private const long MaxSeriesSamples = 20_000_000;
    private const int RowBytes = 24;

    /// <summary>The series that have samples in the range.</summary>
    internal async IAsyncEnumerable<ReadSeries> ReadAsync(
        string tenant, ReadQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var group in Groups(await FindAsync(tenant, query, cancellationToken)))
        {
            await FillAsync(tenant, query, group.ToDictionary(series => series.Id), cancellationToken);
            foreach (var series in group)
            {
                yield return series;
                series.Release();
            }
        }
    }

    private static IEnumerable<List<ReadSeries>> Groups(List<ReadSeries> found)
    {
        var group = new List<ReadSeries>();
        var samples = 0L;
        foreach (var series in found)
        {
            if (group.Count == GroupSeries || (group.Count > 0 && samples + series.Samples > GroupSamples))
            {
                yield return group;
                (group, samples) = ([], 0);
            }

            if (series.Samples > MaxSeriesSamples)
                throw MeshException.OutOfRange("TOO_MANY_SAMPLES", $"A series has more than {MaxSeriesSamples} samples. Ask for less time.");
            group.Add(series);
            samples += series.Samples;
        }

        if (group.Count > 0)
            yield return group;
    }

    private async Task<List<ReadSeries>> FindAsync(string tenant, ReadQuery query, CancellationToken cancellationToken)
    {
        var parameters = new SqlParameters();
        var sql = $"""
            with matched as ({MetricSql.Matched(tenant, query.Selector, parameters)})
            select m.id, m.metric, m.labels, c.samples
            from matched as m
            inner join
            (
                select series, count() as samples
                from samples
                where {Range(tenant, query, parameters)} and series in (select id from matched)
                group by series
            ) as c on c.series = m.id
            limit {parameters.Number(MaxSeries + 1)}
            """ + MetricSql.Limits;
        var found = new List<ReadSeries>();
        try
        {
            await foreach (var row in clickHouse.QueryAsync(sql, parameters.Values, cancellationToken))
            {
                var labels = row[2].EnumerateObject().Select(pair => (pair.Name, Value: pair.Value.GetString()!))
                    .Append((Name: Matcher.MetricLabel, Value: row.Text(1)));
                found.Add(new ReadSeries(row.NaturalNumber(0), labels, row.WholeNumber(3)));
            }
        }
        catch (ClickHouseException exception) when (exception.IsBadPattern)
        {
            throw MeshException.InvalidArgument("matchers", "A pattern is no regular expression that is understood here.");
        }

        if (found.Count > MaxSeries)
            throw MeshException.OutOfRange("TOO_MANY_SERIES", $"More than {MaxSeries} series match. Narrow the selector.");
        found.Sort();
        return found;
    }

    private async Task FillAsync(string tenant, ReadQuery query, Dictionary<ulong, ReadSeries> byId, CancellationToken cancellationToken)
    {
        var parameters = new SqlParameters();
        var sql = $"""
            select series, toUnixTimestamp64Milli(time), value
            from samples
            where {Range(tenant, query, parameters)} and series in ({string.Join(',', byId.Keys)})
            order by series, time
            """ + MetricSql.Limits;
        await foreach (var rows in clickHouse.QueryBinaryAsync(sql, parameters, RowBytes, cancellationToken))
            Fill(byId, rows.Span);
    }

    private static string Range(string tenant, ReadQuery query, SqlParameters parameters) =>
        $"tenant = {parameters.Text(tenant)} and time >= fromUnixTimestamp64Milli({parameters.Number(query.Start)})"
        + $" and time <= fromUnixTimestamp64Milli({parameters.Number(query.End)})";

    private static void Fill(Dictionary<ulong, ReadSeries> byId, ReadOnlySpan<byte> rows)
    {
        for (; rows.Length > 0; rows = rows[RowBytes..])
        {
            if (!byId.TryGetValue(BinaryPrimitives.ReadUInt64LittleEndian(rows), out var series))
                throw BinaryRows.Broken();
            series.Add(BinaryPrimitives.ReadInt64LittleEndian(rows[8..]), BinaryPrimitives.ReadDoubleLittleEndian(rows[16..]));
        }
    }
}

/// <summary>A series and its samples in the order of time, each time once: a sender's repetition is not a second sample.</summary>
internal sealed class ReadSeries : IComparable<ReadSeries>
{
    private readonly (byte[] Name, byte[] Value)[] _labels;

    public ReadSeries(ulong id, IEnumerable<(string Name, string Value)> labels, long samples)
    {
        (Id, Samples) = (id, samples);
        _labels = [.. labels.Select(label => (Encoding.UTF8.GetBytes(label.Name), Encoding.UTF8.GetBytes(label.Value)))];
        Array.Sort(_labels, (left, right) => left.Name.AsSpan().SequenceCompareTo(right.Name));
    }

    public ulong Id { get; }

    /// <summary>How many samples there are to read.</summary>
    public long Samples { get; }

    public IReadOnlyList<(byte[] Name, byte[] Value)> Labels => _labels;

    public List<long> Times { get; private set; } = [];

    public List<double> Values { get; private set; } = [];

    public void Add(long milliseconds, double value)
    {
        if (Times.Count > 0 && Times[^1] == milliseconds)
            return;
        Times.Add(milliseconds);
        Values.Add(value);
    }

    /// <summary>Forgets the samples once they are written.</summary>
    public void Release() => (Times, Values) = ([], []);

    /// <summary>The order of Prometheus: label by label, the name and then the value.</summary>
    public int CompareTo(ReadSeries? other)
    {
        var others = other?._labels ?? [];
        for (var i = 0; i < _labels.Length && i < others.Length; i++)
        {
            var order = _labels[i].Name.AsSpan().SequenceCompareTo(others[i].Name);
            if (order == 0)
                order = _labels[i].Value.AsSpan().SequenceCompareTo(others[i].Value);
            if (order != 0)
                return order;
        }

        return _labels.Length.CompareTo(others.Length);
    }
}
