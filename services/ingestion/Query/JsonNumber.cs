using System.Globalization;
using System.Text.Json;

namespace Mesh.Ingestion.Query;

/// <summary>Reads a floating number from JSON, where NaN and infinities stand as strings or null.</summary>
internal static class JsonNumber
{
    public static double Of(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Number => element.GetDouble(),
        JsonValueKind.String => element.GetString() switch
        {
            "inf" => double.PositiveInfinity,
            "-inf" => double.NegativeInfinity,
            "nan" or "-nan" => double.NaN,
            var text => double.Parse(text!, CultureInfo.InvariantCulture),
        },
        _ => double.NaN,
    };
}
