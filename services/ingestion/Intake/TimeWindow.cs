using Mesh.Ingestion.Series;

namespace Mesh.Ingestion.Intake;

/// <summary>Which times are taken, seen from now.</summary>
public readonly record struct TimeWindow(long NowMilliseconds, long Earliest, long Latest)
{
    private const long NanosecondsPerMillisecond = 1_000_000;

    public static TimeWindow Of(TimeProvider time, IntakeOptions options)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        return new(now, now - (long)options.MaxAge.TotalMilliseconds, now + (long)options.MaxAhead.TotalMilliseconds);
    }

    /// <summary>Days since 1970, for the cache of series.</summary>
    public int Day => (int)(NowMilliseconds / 86_400_000);

    public uint Seconds => (uint)(NowMilliseconds / 1000);

    public RejectionReason Check(long milliseconds) =>
        milliseconds < Earliest ? RejectionReason.TooOld
        : milliseconds > Latest ? RejectionReason.TooFarInFuture
        : RejectionReason.None;

    public RejectionReason CheckNanoseconds(long nanoseconds) => Check(nanoseconds / NanosecondsPerMillisecond);
}
