using Mesh.Common.Errors;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Log;
using Mesh.Ingestion.Series;
using Mesh.Ingestion.Tables;

namespace Mesh.Ingestion.Intake;

/// <summary>Gathers what one message brings, checks it against the limits, and counts what is refused.</summary>
public sealed class BatchBuilder(TelemetryBatch batch, SeriesCache cache, TenantRates rates, IntakeOptions options, TimeWindow window)
{
    private TenantSeries? _series;
    private string _seriesOf = "";

    public TelemetryBatch Batch => batch;

    public TimeWindow Window => window;

    public Rejections Rejections { get; } = new();

    /// <summary>Whether any of it has its time from us: the same request at another time is another request.</summary>
    public bool TookTime { get; private set; }

    /// <summary>The time of what brings none, in milliseconds since 1970.</summary>
    public long TakeTime()
    {
        TookTime = true;
        return window.NowMilliseconds;
    }

    /// <summary>Ends a series, and adds its row unless the table has it. The id is 0 where it was refused.</summary>
    public ulong Series(SeriesBuilder series, string tenant)
    {
        var fault = series.Finish(out var id);
        if (fault != RejectionReason.None)
            Rejections.Add(fault);
        else if (EnsureRow(id, series.Form, tenant))
            return id;
        Rejections.Name(series);
        return 0;
    }

    /// <summary>Adds the series' row unless the table has it; false where the tenant has too many series.</summary>
    public bool EnsureRow(ulong id, ReadOnlySpan<byte> form, string tenant)
    {
        var known = SeriesOf(tenant);
        if (known.Knows(id, window.Day))
            return true;
        if (known.CountOn(window.Day) >= options.ActiveSeries)
        {
            Rejections.Add(RejectionReason.SeriesLimit);
            return false;
        }

        SeriesBuilder.AddRow(batch.Series, id, form, window.Seconds);
        EndRow(batch.Series);
        return true;
    }

    /// <summary>Takes as many of the wanted samples as the tenant may send now; the rest is counted as refused.</summary>
    public int TakeRate(string tenant, int wanted)
    {
        var taken = rates.Take(tenant, wanted);
        if (taken < wanted)
            Rejections.Add(RejectionReason.RateLimit, wanted - taken);
        return taken;
    }

    /// <summary>Adds one sample of a series that has its row.</summary>
    public void Sample(string tenant, ulong series, long milliseconds, double value)
    {
        var fault = window.Check(milliseconds);
        if (fault != RejectionReason.None)
        {
            Rejections.Add(fault);
            return;
        }

        batch.Samples.Tenant.Add(tenant);
        batch.Samples.Series.Add(series);
        batch.Samples.Time.Add(milliseconds);
        batch.Samples.Value.Add(cache.Scales.Encode(series, value));
    }

    /// <summary>Whether the tenant's series is known to have its row of today.</summary>
    public bool HasRow(ulong id, string tenant) => SeriesOf(tenant).Knows(id, window.Day);

    /// <summary>Adds one sample of a series that has its row. <see cref="EndSamples"/> says whose it is. False where it was refused.</summary>
    public bool Sample(ulong series, long milliseconds, double value)
    {
        var fault = window.Check(milliseconds);
        if (fault != RejectionReason.None)
        {
            Rejections.Add(fault);
            return false;
        }

        batch.Samples.Series.Add(series);
        batch.Samples.Time.Add(milliseconds);
        batch.Samples.Value.Add(cache.Scales.Encode(series, value));
        return true;
    }

    /// <summary>Adds one sample of a series that has its row, whose scale the caller keeps. False where it was refused.</summary>
    public bool Sample(ulong series, long milliseconds, double value, ref byte scale)
    {
        var fault = window.Check(milliseconds);
        if (fault != RejectionReason.None)
        {
            Rejections.Add(fault);
            return false;
        }

        batch.Samples.Series.Add(series);
        batch.Samples.Time.Add(milliseconds);
        batch.Samples.Value.Add(DecimalScales.Encode(ref scale, value));
        return true;
    }

    /// <summary>Gives all samples that belong to nobody yet to a tenant whose rate has been taken.</summary>
    public void GiveSamples(string tenant) => batch.Samples.Tenant.Fill(tenant, batch.Samples.Series.Rows - batch.Samples.Tenant.Rows);

    /// <summary>
    /// Gives all samples since the last call to the tenant. Where he has sent too many the whole request is refused, so that
    /// its sender can send it again as it is.
    /// </summary>
    public void EndSamples(string tenant)
    {
        var rows = batch.Samples.Series.Rows - batch.Samples.Tenant.Rows;
        if (rates.TakeAll(tenant, rows) is { } wait)
            throw OverRate(rows, wait);
        batch.Samples.Tenant.Fill(tenant, rows);
    }

    /// <summary>Whether the tenant may send one more record of this size now; where not, it is counted as refused.</summary>
    public bool TakeRecord(string tenant, RecordKind kind, long bytes)
    {
        var taken = rates.TakeAll(tenant, kind, 1, bytes) is null;
        if (!taken)
            Rejections.Add(RejectionReason.RateLimit);
        return taken;
    }

    /// <summary>
    /// Takes the rate of all records of one kind, which are the tenant's. Where he has sent too many the whole request is refused,
    /// so that its sender can send it again as it is.
    /// </summary>
    public void EndRecords(string tenant, RecordKind kind, Block block)
    {
        if (rates.TakeAll(tenant, kind, block.Rows, block.Bytes) is { } wait)
            throw OverRate(block.Rows, wait);
    }

    /// <summary>Ends a row of a block whose rows may be far larger than what brought them; what is too large in all is refused whole.</summary>
    public static void EndRow(Block block)
    {
        if (block.Bytes > FrameHeader.MaxPayload)
            throw WriteAheadLog.TooLarge();
    }

    /// <summary>Tells the metrics what the batch brought, once it has been taken.</summary>
    internal void Count() => IntakeMetrics.Taken(batch, Rejections);

    // A message is nearly always of one tenant, whose name is one object in it.
    private TenantSeries SeriesOf(string tenant)
    {
        if (_series is null || !ReferenceEquals(tenant, _seriesOf))
            (_series, _seriesOf) = (cache.Of(tenant), tenant);
        return _series;
    }

    private static MeshException OverRate(int rows, TimeSpan wait)
    {
        IntakeMetrics.RefusedWhole("RATE_LIMIT", rows);
        return MeshException.ResourceExhausted("RATE_LIMIT", Rejections.Message(RejectionReason.RateLimit), wait);
    }
}
