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

    /// <summary>Takes all that is wanted, or nothing: then after which time to ask again. A full bucket gives any amount once.</summary>
    public TimeSpan? TakeAll(string tenant, int wanted) =>
        _buckets.GetOrAdd(tenant, _ => new Bucket(options.SamplesPerSecond, time)).TakeAll(wanted);

    private sealed class Bucket(double rate, TimeProvider time)
    {
        private readonly Lock _gate = new();
        private double _tokens = rate * BurstSeconds;
        private long _filled = time.GetTimestamp();

        public int Take(int wanted)
        {
            lock (_gate)
            {
                Fill();
                var taken = (int)Math.Clamp(_tokens, 0, wanted);
                _tokens -= taken;
                return taken;
            }
        }

        public TimeSpan? TakeAll(int wanted)
        {
            lock (_gate)
            {
                Fill();
                var missing = Math.Min(wanted, rate * BurstSeconds) - _tokens;
                if (missing > 0)
                    return TimeSpan.FromSeconds(missing / rate);
                _tokens -= wanted;
                return null;
            }
        }

        private void Fill()
        {
            var now = time.GetTimestamp();
            _tokens = Math.Min(rate * BurstSeconds, _tokens + time.GetElapsedTime(_filled, now).TotalSeconds * rate);
            _filled = now;
        }
    }
}
