using System.Text;
using System.Text.Unicode;
using Google.Protobuf;
using OpenTelemetry.Proto.Collector.Logs.V1;
using OpenTelemetry.Proto.Collector.Trace.V1;

namespace Mesh.Ingestion.Otlp;

/// <summary>
/// OTLP's JSON (OTLP specification, "JSON Protobuf Encoding"): protobuf's own mapping, but ids of traces and spans are hex
/// and not base64. Fields that are not known are passed over; enums are numbers, and names are understood as well.
/// </summary>
internal static class OtlpJson
{
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    public static T Parse<T>(ReadOnlySpan<byte> body)
        where T : IMessage<T>, new()
    {
        if (!Utf8.IsValid(body))
            throw new InvalidDataException("it is not UTF-8.");
        try
        {
            var request = Parser.Parse<T>(Encoding.UTF8.GetString(body));
            ReadIds(request);
            return request;
        }
        catch (Exception exception) when (exception is InvalidJsonException or FormatException or OverflowException or ArgumentException)
        {
            throw new InvalidDataException(exception.Message, exception);
        }
    }

    private static void ReadIds(IMessage request)
    {
        if (request is ExportTraceServiceRequest traces)
        {
            foreach (var span in traces.ResourceSpans.SelectMany(resource => resource.ScopeSpans).SelectMany(scope => scope.Spans))
                (span.TraceId, span.SpanId, span.ParentSpanId) = (Id(span.TraceId), Id(span.SpanId), Id(span.ParentSpanId));
        }
        else if (request is ExportLogsServiceRequest logs)
        {
            foreach (var log in logs.ResourceLogs.SelectMany(resource => resource.ScopeLogs).SelectMany(scope => scope.LogRecords))
                (log.TraceId, log.SpanId) = (Id(log.TraceId), Id(log.SpanId));
        }
    }

    // The parser took the hex digits, sixteen or thirty-two of them, for base64; so they are won back.
    private static ByteString Id(ByteString taken) => ByteString.CopyFrom(Convert.FromHexString(taken.ToBase64()));
}
