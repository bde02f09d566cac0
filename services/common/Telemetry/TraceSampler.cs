using OpenTelemetry.Trace;

namespace Mesh.Common.Telemetry;

/// <summary>Begins at most so many traces each second: the cost of tracing does not grow with the load.</summary>
internal sealed class TraceSampler(int perSecond, TimeProvider time) : Sampler
{
    private long _second;
    private int _begun;

    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
    {
        var second = time.GetTimestamp() / time.TimestampFrequency;
        if (Interlocked.Exchange(ref _second, second) != second) Volatile.Write(ref _begun, 0);
        return new(Interlocked.Increment(ref _begun) <= perSecond ? SamplingDecision.RecordAndSample : SamplingDecision.Drop);
    }
}
