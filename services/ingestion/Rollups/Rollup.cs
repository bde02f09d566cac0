using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Tables;

namespace Mesh.Ingestion.Rollups;

/// <summary>
/// Gathers the roll-ups of some batches that follow each other, so that the samples of a minute mostly come to one row and not to one
/// for each batch. What it writes depends on nothing but the batches.
/// </summary>
internal sealed class Rollup : IDisposable
{
    private const long StaleBits = 0x7FF0_0000_0000_0002;

    private readonly KeyTable _tenants = new();
    private readonly MinuteRows _rows = new();
    private readonly MinuteRows _batch = new();

    /// <summary>Takes in a batch's samples, which are in the table's order.</summary>
    public void Add(SampleBlock samples)
    {
        _batch.Clear();
        var series = samples.Series.Values;
        var times = samples.Time.Values;
        var scales = samples.Scale.Values;
        var mantissas = samples.Mantissa.Values;
        var tenants = samples.Tenant.Indexes;
        Span<int> numbers = new int[samples.Tenant.KeyCount];
        for (var key = 0; key < numbers.Length; key++)
            numbers[key] = _tenants.IndexOf(samples.Tenant.Key(key));

        // Tenants are in order within the batch by their names, and here by their numbers: each is merged for itself.
        for (var row = 0; row < series.Length;)
        {
            var tenant = tenants[row];
            for (; row < series.Length && tenants[row] == tenant; row++)
            {
                // What Prometheus ends a series with is no value.
                if (mantissas[row] == StaleBits && scales[row] == DecimalValue.RawScale)
                    continue;
                _batch.Add(MinuteRow.Of(
                    numbers[tenant], series[row], MinuteOf(times[row]), new DecimalValue(mantissas[row], scales[row])));
            }

            _rows.Merge(_batch);
            _batch.Clear();
        }
    }

    /// <summary>Writes all rows into the table's block, and begins anew.</summary>
    public void Take(MinuteBlock target)
    {
        target.Clear();
        foreach (ref readonly var held in _rows.Rows)
        {
            var row = held;
            row.Bound();
            var raw = row.Scale == DecimalValue.RawScale;
            target.Tenant.Add(_tenants[row.Tenant]);
            target.Series.Add(row.Series);
            target.Time.Add(row.Minute * 60);
            target.Scale.Add(row.Scale);
            target.Min.Add(row.Min);
            target.Max.Add(row.Max);
            target.Sum.Add(raw ? 0 : row.Sum);
            target.RawSum.Add(raw ? BitConverter.Int64BitsToDouble(row.Sum) : 0);
            target.Count.Add(row.Count);
        }

        _rows.Clear();
        _tenants.Clear();
    }

    // A minute begins behind its first millisecond and ends with the next one's, as windows of queries do.
    private static uint MinuteOf(long milliseconds) => (uint)((milliseconds - 1) / 60_000);

    public void Dispose() => _tenants.Dispose();
}
