using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace Mesh.Ingestion.Receiving;

/// <summary>JSON that somebody else wrote. What cannot be read is an <see cref="InvalidDataException"/>; a field that does not fit is null.</summary>
internal static class JsonFields
{
    /// <summary>Reads a whole body.</summary>
    public static void Read(ReadOnlyMemory<byte> body, Action<JsonElement> read)
    {
        if (!Utf8.IsValid(body.Span))
            throw new InvalidDataException("it is not UTF-8");
        try
        {
            using var document = JsonDocument.Parse(body);
            read(document.RootElement);
        }
        catch (Exception exception) when (exception is JsonException || IsHalfText(exception))
        {
            throw new InvalidDataException(exception.Message, exception);
        }
    }

    // Half of a surrogate pair, in a text or in a name.
    private static bool IsHalfText(Exception exception) =>
        exception is InvalidOperationException && exception.Source?.StartsWith("System.Text.Json", StringComparison.Ordinal) == true;

    /// <summary>A text; empty where there is none.</summary>
    public static string Text(this JsonElement element, string name) => element.TryGetProperty(name, out var field) ? field.AsText() ?? "" : "";

    public static string? AsText(this JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => element.GetRawText(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => null,
    };

    /// <summary>A number, plain or as text.</summary>
    public static double? AsNumber(this JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Number when element.TryGetDouble(out var value) => value,
        JsonValueKind.String when double.TryParse(element.AsText(), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) => value,
        _ => null,
    };
}
