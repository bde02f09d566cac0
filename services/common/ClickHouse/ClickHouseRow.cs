using System.Globalization;
using System.Text.Json;

namespace Mesh.Common.ClickHouse;

/// <summary>One row of an answer, its columns by position.</summary>
public readonly struct ClickHouseRow(JsonElement columns)
{
    public int Count => columns.GetArrayLength();

    /// <summary>The column as it came, for arrays and maps.</summary>
    public JsonElement this[int column] => columns[column];

    public bool IsNull(int column) => columns[column].ValueKind is JsonValueKind.Null;

    public string Text(int column) => columns[column] is { ValueKind: JsonValueKind.String } text ? text.GetString()! : columns[column].GetRawText();

    public long WholeNumber(int column) => columns[column].ValueKind is JsonValueKind.String
        ? long.Parse(columns[column].GetString()!, CultureInfo.InvariantCulture)
        : columns[column].GetInt64();

    public ulong NaturalNumber(int column) => columns[column].ValueKind is JsonValueKind.String
        ? ulong.Parse(columns[column].GetString()!, CultureInfo.InvariantCulture)
        : columns[column].GetUInt64();

    /// <summary>A number; ClickHouse writes infinities and NaN as strings.</summary>
    public double Number(int column) => columns[column].ValueKind is not JsonValueKind.String ? columns[column].GetDouble()
        : columns[column].GetString() switch
        {
            "inf" => double.PositiveInfinity,
            "-inf" => double.NegativeInfinity,
            "nan" or "-nan" => double.NaN,
            var text => double.Parse(text!, CultureInfo.InvariantCulture),
        };
}
