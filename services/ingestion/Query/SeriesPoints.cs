namespace Mesh.Ingestion.Query;

/// <summary>
/// Reckons the points of a query, series by series, from each one's rows in the order of time. It says the same as the statements of
/// <see cref="MetricSql"/>.
/// </summary>
internal sealed class SeriesPoints(MetricQuery query)
{
    private readonly List<SampleRow> _rows = [];
    private SampleRow[] _folds = [];
    private double _before = double.NaN;

    private bool CountsGrowth => query.Function is V1.SeriesFunction.Rate or V1.SeriesFunction.Increase;

    /// <summary>Takes the series' next row.</summary>
    public void Add(in SampleRow row)
    {
        if (query.Function == V1.SeriesFunction.Unspecified)
            _rows.Add(row);
        else if (!SampleRow.IsStale(row.Sum))
            _rows.Add(CountsGrowth ? SampleRow.Of(row.Time, Growth(row.Sum)) : row);
    }

    /// <summary>Adds the points of the series whose rows were taken, and makes ready for the next series.</summary>
    public void MoveTo(V1.QueryMetricsResponse response)
    {
        if (query.Function == V1.SeriesFunction.Unspecified)
            LastValues(response);
        else
            Windows(response);
        _rows.Clear();
        _before = double.NaN;
    }

    // A fall is a reset, after which the value itself is the growth. The first sample tells of none.
    private double Growth(double value)
    {
        var growth = double.IsNaN(_before) ? 0 : value < _before ? value : value - _before;
        _before = value;
        return growth;
    }

    private void LastValues(V1.QueryMetricsResponse response)
    {
        var next = 0;
        for (var k = 0; k < query.Points; k++)
        {
            var at = query.Start + k * query.Step;
            while (next < _rows.Count && _rows[next].Time <= at)
                next++;
            if (next > 0 && _rows[next - 1] is var last && last.Time > at - MetricQuery.LookBack && !SampleRow.IsStale(last.Sum))
                Add(response, at, last.Sum);
        }
    }

    // A window that moves on, as two stacks: the rows from low to middle are folded from each of them to the middle, those from the
    // middle to high are one fold. Each row is folded twice at most, however much the windows overlap.
    private void Windows(V1.QueryMetricsResponse response)
    {
        if (_folds.Length < _rows.Count)
            _folds = new SampleRow[_rows.Count];
        var (low, middle, high, later) = (0, 0, 0, SampleRow.None);
        for (var k = 0; k < query.Points; k++)
        {
            var at = query.Start + k * query.Step;
            for (; high < _rows.Count && _rows[high].Time <= at; high++)
                later = later.With(_rows[high]);
            while (low < high && _rows[low].Time <= at - query.Window)
                low++;
            if (low >= middle)
            {
                later = SampleRow.None;
                for (var i = high - 1; i >= low; i--)
                    _folds[i] = i == high - 1 ? _rows[i] : _rows[i].With(_folds[i + 1]);
                middle = high;
            }

            if (low < high)
                Add(response, at, ValueOf(_folds[low].With(later)));
        }
    }

    private double ValueOf(in SampleRow window) => query.Function switch
    {
        V1.SeriesFunction.Rate => window.Sum / (query.Window / 1000.0),
        V1.SeriesFunction.AvgOverTime => window.Sum / window.Count,
        V1.SeriesFunction.MinOverTime => window.Min,
        V1.SeriesFunction.MaxOverTime => window.Max,
        V1.SeriesFunction.CountOverTime => window.Count,
        _ => window.Sum,
    };

    private static void Add(V1.QueryMetricsResponse response, long at, double value)
    {
        response.TimesMillis.Add(at);
        response.Values.Add(value);
    }
}
