using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Mesh.Common.Hosting;
using Microsoft.Extensions.Logging;

namespace Mesh.Common.Logging;

/// <summary>Formats log entries as JSON lines.</summary>
internal sealed class JsonLogger(string category, MeshOptions options, TimeProvider time, JsonLogger.Sink sink) : ILogger
{
    internal delegate void Sink(ReadOnlySpan<byte> line);

    private static readonly JsonWriterOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? t_buffer;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= options.LogLevel && logLevel != LogLevel.None;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        var buffer = t_buffer ??= new ArrayBufferWriter<byte>(1024);
        buffer.ResetWrittenCount();
        Format(buffer, options.Service, time.GetUtcNow(), logLevel, formatter(state, exception), category, exception);
        sink(buffer.WrittenSpan);
    }

    internal static void Format(
        IBufferWriter<byte> buffer, string service, DateTimeOffset now, LogLevel level, string message, string? category = null,
        Exception? exception = null)
    {
        using (var json = new Utf8JsonWriter(buffer, s_json))
        {
            json.WriteStartObject();
            json.WriteString("time", now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            json.WriteString("level", Name(level));
            json.WriteString("service", service);
            json.WriteString("message", message);
            if (category is not null) json.WriteString("logger", category);
            if (Activity.Current is { IdFormat: ActivityIdFormat.W3C } activity)
            {
                json.WriteString("trace_id", activity.TraceId.ToHexString());
                json.WriteString("span_id", activity.SpanId.ToHexString());
            }
            if (RequestScope.Current is { } scope) json.WriteString("request_id", scope.RequestId);
            if (exception is not null) json.WriteString("exception", exception.ToString());
            json.WriteEndObject();
        }
        buffer.Write("\n"u8);
    }

    private static string Name(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "error",
        _ => "fatal",
    };
}
