using Google.Protobuf.WellKnownTypes;

namespace Mesh.Ingestion.Query;

/// <summary>Between nanoseconds since 1970, as the tables hold them, and the contract's times.</summary>
internal static class UnixTime
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    public static Timestamp Of(long nanoseconds)
    {
        var seconds = Math.DivRem(nanoseconds, NanosecondsPerSecond, out var rest);
        return rest < 0
            ? new Timestamp { Seconds = seconds - 1, Nanos = (int)(rest + NanosecondsPerSecond) }
            : new Timestamp { Seconds = seconds, Nanos = (int)rest };
    }

    /// <summary>Nanoseconds, held within what a table can hold.</summary>
    public static long Nanoseconds(Timestamp time) =>
        Math.Clamp(time.Seconds, 0, 9_000_000_000) * NanosecondsPerSecond + Math.Clamp(time.Nanos, 0, 999_999_999);

    public static long Nanoseconds(TimeProvider time) => time.GetUtcNow().ToUnixTimeMilliseconds() * 1_000_000;
}
