namespace Mesh.Ingestion.Log;

/// <summary>
/// Decides where a batch for the database ends: at enough rows or bytes, or when the first of them has waited long enough. Some
/// batches together end a roll-up, by the same measures on a larger scale.
/// </summary>
internal sealed class LogBatches(LogOptions options, TimeProvider time, bool openRows)
{
    private int _rows = openRows ? 1 : 0;
    private long _bytes;
    private long _since = time.GetTimestamp();
    private long _rollupRows = openRows ? 1 : 0;
    private long _rollupSince = time.GetTimestamp();

    public bool Due => UntilDue() is { Ticks: 0 };

    /// <summary>How long nothing has to be done for a batch's age.</summary>
    public TimeSpan UntilDue()
    {
        if (_rollupRows == 0)
            return Timeout.InfiniteTimeSpan;
        var rest = _rows == 0 ? options.RollupAge - time.GetElapsedTime(_rollupSince) : options.BatchAge - time.GetElapsedTime(_since);
        return rest > TimeSpan.Zero ? rest + TimeSpan.FromMilliseconds(1) : TimeSpan.Zero;
    }

    /// <summary>Counts a record in, and tells what ends with it. A record without rows always ends a batch.</summary>
    public BatchEnd Ends(LogRecord record)
    {
        if (_rows == 0)
            _since = time.GetTimestamp();
        if (_rollupRows == 0)
            _rollupSince = time.GetTimestamp();
        _rows += record.Rows;
        _rollupRows += record.Rows;
        _bytes += record.Bytes.Length;
        if (record.Rows > 0 && _rows < options.BatchRows && _bytes < options.BatchBytes)
            return BatchEnd.None;

        (_rows, _bytes) = (0, 0);
        if (_rollupRows < options.RollupRows && time.GetElapsedTime(_rollupSince) < options.RollupAge)
            return BatchEnd.Batch;
        _rollupRows = 0;
        return BatchEnd.Rollup;
    }

    /// <summary>A group was not written: whatever is open ends by age.</summary>
    public void Restart() => (_rows, _rollupRows) = (Math.Max(_rows, 1), Math.Max(_rollupRows, 1));
}
