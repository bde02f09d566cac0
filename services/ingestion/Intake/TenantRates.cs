using System.Collections.Concurrent;

namespace Mesh.Ingestion.Intake;

/// <summary>How much each tenant may send now: samples by their number, records by their number and their bytes.</summary>
public sealed class TenantRates(IntakeOptions options, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Buckets> _tenants = new(StringComparer.Ordinal);

    /// <summary>Takes as many of the <paramref name="wanted"/> samples as the tenant may send now.</summary>
    public int Take(string tenant, int wanted) => Of(tenant).Samples.Take(wanted);

    /// <summary>Takes all the samples that are wanted, or none: then after which time to ask again.</summary>
    public TimeSpan? TakeAll(string tenant, int wanted) => Of(tenant).Samples.TakeAll(wanted);

    /// <summary>Takes all the records that are wanted, or none: then after which time to ask again.</summary>
    public TimeSpan? TakeAll(string tenant, RecordKind kind, int wanted, long bytes)
    {
        var buckets = Of(tenant);
        var records = buckets.Records[(int)kind];
        var wait = records.TakeAll(wanted);
        if (wait is not null)
            return wait;
        wait = buckets.Bytes.TakeAll(bytes);
        if (wait is not null)
            records.Return(wanted);
        return wait;
    }

    private Buckets Of(string tenant) => _tenants.GetOrAdd(tenant, static (_, rates) => rates.Begin(), this);

    private Buckets Begin() => new(
        new TokenBucket(options.SamplesPerSecond, time),
        [new(options.LogsPerSecond, time), new(options.SpansPerSecond, time), new(options.EventsPerSecond, time)],
        new TokenBucket(options.RecordBytesPerSecond, time));

    private sealed record Buckets(TokenBucket Samples, TokenBucket[] Records, TokenBucket Bytes);
}
