namespace Mesh.Ingestion.Log;

/// <summary>Decides where a batch for the database ends: at enough rows or bytes, or when the first of them has waited long enough.</summary>
internal sealed class LogBatches(LogOptions options, TimeProvider time, bool openRows)
{
    private int _rows = openRows ? 1 : 0;
    private long _bytes;
    private long _since = time.GetTimestamp();

    public bool Due => _rows > 0 && time.GetElapsedTime(_since) >= options.BatchAge;

    /// <summary>How long nothing has to be done for a batch's age.</summary>
    public TimeSpan UntilDue()
    {
        if (_rows == 0)
            return Timeout.InfiniteTimeSpan;
        var rest = options.BatchAge - time.GetElapsedTime(_since);
        return rest > TimeSpan.Zero ? rest + TimeSpan.FromMilliseconds(1) : TimeSpan.Zero;
    }

    /// <summary>Counts a record in, and tells whether the batch ends with it. A record without rows always ends it.</summary>
    public bool Ends(LogRecord record)
    {
        if (_rows == 0)
            _since = time.GetTimestamp();
        _rows += record.Rows;
        _bytes += record.Bytes.Length;
        if (record.Rows > 0 && _rows < options.BatchRows && _bytes < options.BatchBytes)
            return false;

        (_rows, _bytes) = (0, 0);
        return true;
    }

    /// <summary>A group was not written: whatever is open ends by age.</summary>
    public void Restart() => _rows = Math.Max(_rows, 1);
}
