namespace Mesh.Ingestion.Intake;

/// <summary>What may be used in a second, over a burst of ten.</summary>
internal sealed class TokenBucket(double rate, TimeProvider time)
{
    private const double BurstSeconds = 10;

    private readonly Lock _gate = new();
    private double _tokens = rate * BurstSeconds;
    private long _filled = time.GetTimestamp();

    /// <summary>Takes as many of <paramref name="wanted"/> as there are.</summary>
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

    /// <summary>Takes all that is wanted, or nothing: then after which time to ask again. A full bucket gives any amount once.</summary>
    public TimeSpan? TakeAll(long wanted)
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

    /// <summary>Gives back what was taken and not used.</summary>
    public void Return(long taken)
    {
        lock (_gate)
            _tokens += taken;
    }

    private void Fill()
    {
        var now = time.GetTimestamp();
        _tokens = Math.Min(rate * BurstSeconds, _tokens + time.GetElapsedTime(_filled, now).TotalSeconds * rate);
        _filled = now;
    }
}
