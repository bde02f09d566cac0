using System.Collections.Concurrent;

namespace Mesh.Ingestion.Intake;

/// <summary>A token bucket per tenant, for samples.</summary>
public sealed class TenantRates(IntakeOptions options, TimeProvider time)
{
    private const double BurstSeconds = 10;

    private readonly ConcurrentDictionary<string, Bucket> _buckets = new(StringComparer.Ordinal);

    /// <summary>Takes as many of <paramref name="wanted"/> as the tenant may send now.</summary>
    public int Take(string tenant, int wanted) =>
        _buckets.GetOrAdd(tenant, _ => new Bucket(options.SamplesPerSecond, time)).Take(wanted);

    private sealed class Bucket(double rate, TimeProvider time)
    {
        private readonly Lock _gate = new();
        private double _tokens = rate * BurstSeconds;
        private long _filled = time.GetTimestamp();

        public int Take(int wanted)
        {
            lock (_gate)
            {
                var now = time.GetTimestamp();
                _tokens = Math.Min(rate * BurstSeconds, _tokens + time.GetElapsedTime(_filled, now).TotalSeconds * rate);
                _filled = now;
                var taken = (int)Math.Min(wanted, _tokens);
                _tokens -= taken;
                return taken;
            }
        }
    }
}
