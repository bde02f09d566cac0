using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Google.Protobuf;
using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Otlp;

/// <summary>
/// OTLP's JSON (OTLP specification, "JSON Protobuf Encoding"): protobuf's own mapping, but ids of traces and spans are hex
/// and not base64. Fields that are not known are passed over; enums are numbers, and names are understood as well.
/// </summary>
internal static class OtlpJson
{
    // What stands for an id that is not hex: it has no id's length, so it is refused with the one span that has it.
    private static readonly byte[] s_noId = [0];
    private static readonly JsonReaderOptions s_options = new() { MaxDepth = 512 };
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    public static T Parse<T>(ReadOnlySpan<byte> body)
        where T : IMessage<T>, new()
    {
        if (!Utf8.IsValid(body))
            throw new InvalidDataException("it is not UTF-8.");
        try
        {
            using var plain = new ByteBuffer(body.Length + 1);
            WriteIds(body, plain);
            return Parser.Parse<T>(Encoding.UTF8.GetString(plain.Span));
        }
        catch (Exception exception) when (exception is InvalidJsonException or JsonException or FormatException or OverflowException
            or ArgumentException or InvalidOperationException)
        {
            throw new InvalidDataException(exception.Message, exception);
        }
    }

    // Copies the body, with base64 in the place of each id's hex.
    private static void WriteIds(ReadOnlySpan<byte> body, ByteBuffer target)
    {
        var (copied, isId) = (0, false);
        var reader = new Utf8JsonReader(body, s_options);
        while (reader.Read())
        {
            if (isId && reader.TokenType == JsonTokenType.String)
            {
                target.Write(body[copied..(int)reader.TokenStartIndex]);
                target.Write(Encoding.ASCII.GetBytes($"\"{Convert.ToBase64String(Id(reader.GetString()!))}\""));
                copied = (int)reader.BytesConsumed;
            }

            isId = reader.TokenType == JsonTokenType.PropertyName && IsIdName(reader);
        }

        target.Write(body[copied..]);
    }

    // A field may have its name in the contract as well.
    private static bool IsIdName(in Utf8JsonReader reader) =>
        reader.ValueTextEquals("traceId"u8) || reader.ValueTextEquals("spanId"u8) || reader.ValueTextEquals("parentSpanId"u8)
        || reader.ValueTextEquals("trace_id"u8) || reader.ValueTextEquals("span_id"u8) || reader.ValueTextEquals("parent_span_id"u8);

    private static byte[] Id(string hex) => hex.Length % 2 == 0 && hex.All(char.IsAsciiHexDigit) ? Convert.FromHexString(hex) : s_noId;
}
