using System.Text;
using Google.Protobuf;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Otlp;
using Mesh.Ingestion.Tables;
using Mesh.Ingestion.Tests.Receiving;
using OpenTelemetry.Proto.Collector.Logs.V1;
using OpenTelemetry.Proto.Collector.Metrics.V1;
using OpenTelemetry.Proto.Collector.Trace.V1;
using OpenTelemetry.Proto.Metrics.V1;

namespace Mesh.Ingestion.Tests.Otlp;

/// <summary>
/// Damaged requests and noise: a decoder either refuses the whole by the one error of bodies that cannot be read, or leaves
/// a batch that the log can take. The seed is printed when it does anything else.
/// </summary>
public sealed class OtlpFuzzTests
{
    private static readonly System.Type[] Refusals = [typeof(InvalidDataException), typeof(InvalidProtocolBufferException)];

    private readonly Rows _rows = new();
    private readonly TelemetryBatch _drained = new();

    [Theory]
    [InlineData(AggregationTemporality.Cumulative)]
    [InlineData(AggregationTemporality.Delta)]
    public async Task Metrics(AggregationTemporality temporality)
    {
        var valid = OtlpRequests.Metrics(temporality);
        using var session = await new DeltaSums(TimeProvider.System).EnterAsync("acme");
        Run(valid, bytes => DecodeMetrics(bytes, session), json => DecodeMetrics(OtlpJson.Parse<ExportMetricsServiceRequest>(json).ToByteArray(), session));
    }

    [Fact]
    public void Logs() => Run(
        OtlpRequests.Logs(), bytes => OtlpRecords.DecodeLogs(bytes, "acme", _rows.Begin()),
        json => OtlpRecords.DecodeLogs(OtlpJson.Parse<ExportLogsServiceRequest>(json).ToByteArray(), "acme", _rows.Begin()));

    [Fact]
    public void Traces() => Run(
        OtlpRequests.Traces(), bytes => OtlpRecords.DecodeSpans(bytes, "acme", _rows.Begin()),
        json => OtlpRecords.DecodeSpans(OtlpJson.Parse<ExportTraceServiceRequest>(json).ToByteArray(), "acme", _rows.Begin()));

    private void DecodeMetrics(byte[] bytes, DeltaSession session)
    {
        var isDelta = OtlpMetrics.HasDeltas(bytes);
        using var decoder = new OtlpMetrics("acme", _rows.Begin(), _rows.Labels, isDelta ? session : null);
        decoder.Decode(bytes);
        Assert.Equal(_rows.Batch.Samples.Series.Rows, _rows.Batch.Samples.Tenant.Rows);
    }

    private void Run(IMessage valid, Action<byte[]> decode, Action<byte[]> decodeJson)
    {
        var json = Encoding.UTF8.GetBytes(JsonFormatter.Default.Format(valid));
        foreach (var (bytes, way, rounds) in new[] { (valid.ToByteArray(), decode, 8_000), (json, decodeJson, 2_000) })
        {
            // As they are they can be read, or the damage would say nothing. Ids in JSON are written otherwise by the formatter.
            if (bytes != json || valid is ExportMetricsServiceRequest)
                Take(bytes, way);
            var fuzz = new Fuzz();
            fuzz.Run(bytes, rounds, damaged => Take(damaged, way), Refusals);
            fuzz.RunNoise(512, rounds, noise => Take(noise, way), Refusals);
        }
    }

    private void Take(byte[] request, Action<byte[]> decode)
    {
        decode(request);
        using var record = new ByteBuffer();
        _rows.Batch.Encode(record);
        var reader = new ByteReader(record.Span);
        _drained.Clear();
        _drained.Append(ref reader);
    }
}
