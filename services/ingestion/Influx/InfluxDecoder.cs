using System.Buffers;
using System.Globalization;
using System.Text;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Receiving;
using Mesh.Ingestion.Series;

namespace Mesh.Ingestion.Influx;

/// <summary>
/// Decodes InfluxDB's line protocol (docs.influxdata.com, "Line protocol"): each number or boolean field of a line becomes
/// a sample of the metric `measurement_field`, or `measurement` where the field is called `value`; tags become labels.
/// Texts are no samples and are counted. A line that cannot be read is left out whole. A series that was sent before is
/// found by the hash of its bytes: its tags are not read again.
/// </summary>
public sealed class InfluxDecoder : IDisposable
{
    private const byte Escape = (byte)'\\';
    private static readonly SearchValues<byte> KeyEnd = SearchValues.Create(" \n\\"u8);

    private readonly string _tenant;
    private readonly BatchBuilder _target;
    private readonly InfluxPrecision _precision;
    private readonly KnownSeries _known;
    private readonly SeriesBuilder _series = new();
    private readonly List<(Range Key, double Value)> _fields = [];

    public InfluxDecoder(string tenant, BatchBuilder target, LabelCache labels, InfluxPrecision precision)
    {
        (_tenant, _target, _precision) = (tenant, target, precision);
        _known = new KnownSeries(tenant, target, labels);
    }

    /// <summary>Text fields, which are taken and not kept.</summary>
    public long Texts { get; private set; }

    /// <summary>Lines that could not be read.</summary>
    public int Failed { get; private set; }

    /// <summary>What is wrong with the first of them.</summary>
    public string FirstError { get; private set; } = "";

    public void Decode(ReadOnlySpan<byte> body)
    {
        var line = 1;
        while (body.Length > 0)
        {
            if (body[0] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            {
                line += body[0] == '\n' ? 1 : 0;
                body = body[1..];
                continue;
            }

            var error = body[0] == '#' ? null : DecodeLine(ref body);
            if (error is not null && Failed++ == 0)
                FirstError = $"unable to parse line {line}: {error}.";
            var end = body.IndexOf((byte)'\n');
            body = end < 0 ? [] : body[end..];
        }

        _target.EndSamples(_tenant);
    }

    public void Dispose() => _series.Dispose();

    // Leaves the body at the line's end, or where the line cannot be read.
    private string? DecodeLine(ref ReadOnlySpan<byte> body)
    {
        var end = KeyLength(body);
        var key = body[..end];
        body = body[end..];
        if (key[0] == ',')
            return "missing measurement";
        if (body.Length == 0 || body[0] != ' ')
            return "missing fields";
        var fields = body;
        if (ReadFields(ref body) is { } error)
            return error;

        long? time = null;
        end = body.IndexOf((byte)'\n');
        var rest = Encoding.UTF8.GetString(body[..(end < 0 ? body.Length : end)]).Trim();
        if (rest.Length > 0)
        {
            if (!long.TryParse(rest, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var given))
                return "bad timestamp";
            time = _precision.ToMilliseconds(given);
        }

        foreach (var (field, value) in _fields)
        {
            if (!TryAdd(key, fields[field], value, time))
                return "missing tag value";
        }

        return null;
    }

    // `field=value,field=value`, behind spaces and up to a space or the line's end.
    private string? ReadFields(ref ReadOnlySpan<byte> body)
    {
        _fields.Clear();
        var line = body;
        var at = 0;
        while (at < line.Length && line[at] == ' ')
            at++;
        while (true)
        {
            var start = at;
            while (at < line.Length && line[at] is not ((byte)'=' or (byte)',' or (byte)' ' or (byte)'\n'))
                at += IsEscape(line, at) ? 2 : 1;
            body = line[Math.Min(at, line.Length)..];
            if (at >= line.Length || line[at] != '=' || at == start)
                return start >= line.Length || at == start ? "missing fields" : "missing field value";

            var key = start..at++;
            if (ReadValue(line, ref at, out var value) is { } error)
                return error;
            if (value is { } number)
                _fields.Add((key, number));
            else
                Texts++;
            body = line[at..];
            if (at >= line.Length || line[at] != ',')
                return at >= line.Length || line[at] is (byte)' ' or (byte)'\n' or (byte)'\r' ? null : "invalid field format";
            at++;
        }
    }

    // No number and no error means a text.
    private static string? ReadValue(ReadOnlySpan<byte> line, ref int at, out double? value)
    {
        value = null;
        var start = at;
        if (at < line.Length && line[at] == '"')
        {
            for (at++; at < line.Length && line[at] != '"'; at++)
                at += line[at] == Escape ? 1 : 0;
            if (at++ < line.Length)
                return null;
            at = line.Length;
            return "unbalanced quotes";
        }

        while (at < line.Length && line[at] is not ((byte)',' or (byte)' ' or (byte)'\n' or (byte)'\r'))
            at++;
        value = NumberOf(line[start..at]);
        return value is null ? "invalid field value" : null;
    }

    private static double? NumberOf(ReadOnlySpan<byte> text)
    {
        if (text.Length == 0)
            return null;
        if (text.SequenceEqual("t"u8) || text.SequenceEqual("T"u8) || text.SequenceEqual("true"u8) || text.SequenceEqual("True"u8) || text.SequenceEqual("TRUE"u8))
            return 1;
        if (text.SequenceEqual("f"u8) || text.SequenceEqual("F"u8) || text.SequenceEqual("false"u8) || text.SequenceEqual("False"u8) || text.SequenceEqual("FALSE"u8))
            return 0;
        switch (text[^1])
        {
            case (byte)'i':
                return long.TryParse(text[..^1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? whole : null;
            case (byte)'u':
                return ulong.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var natural) ? natural : null;
            default:
                return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value : null;
        }
    }

    // A series that is known was built once, so its tags have values.
    private bool TryAdd(ReadOnlySpan<byte> key, ReadOnlySpan<byte> field, double value, long? time)
    {
        var hash = XxHash64.Compute(field, XxHash64.Compute(key, _known.Seed));
        var id = _known.TryFind(hash, out var known) ? known.Id : 0;
        if (id == 0)
        {
            if (!HasTagValues(key))
                return false;
            Build(key, field);
            id = _known.End(hash, _series);
        }

        if (id != 0)
            _target.Sample(id, time ?? _target.TakeTime(), value);
        return true;
    }

    private void Build(ReadOnlySpan<byte> key, ReadOnlySpan<byte> field)
    {
        var rest = key;
        var measurement = Take(ref rest, ',');
        var name = Unescape(field);
        _series.Begin(_tenant, Names.Translate(name == "value" ? measurement : $"{measurement}_{name}", colon: true));
        while (rest.Length > 0)
        {
            var tag = Take(ref rest, '=');
            _series.Label(Names.Translate(tag), Take(ref rest, ','));
        }
    }

    // Whether each tag has an equals sign behind its name.
    private static bool HasTagValues(ReadOnlySpan<byte> key)
    {
        for (var (at, inName) = (0, false); ; at++)
        {
            if (at >= key.Length || key[at] == ',')
            {
                if (inName)
                    return false;
                if (at >= key.Length)
                    return true;
                inName = true;
            }
            else if (key[at] == '=')
            {
                inName = false;
            }
            else if (IsEscape(key, at))
            {
                at++;
            }
        }
    }

    // The text up to a separator that is not escaped.
    private static string Take(ref ReadOnlySpan<byte> rest, char separator)
    {
        var at = 0;
        while (at < rest.Length && rest[at] != separator)
            at += IsEscape(rest, at) ? 2 : 1;
        at = Math.Min(at, rest.Length);
        var taken = Unescape(rest[..at]);
        rest = at < rest.Length ? rest[(at + 1)..] : [];
        return taken;
    }

    private static int KeyLength(ReadOnlySpan<byte> line)
    {
        var at = 0;
        while (at < line.Length)
        {
            var next = line[at..].IndexOfAny(KeyEnd);
            if (next < 0)
                return line.Length;
            at += next;
            if (line[at] != Escape)
                return at;
            at += IsEscape(line, at) ? 2 : 1;
        }

        return Math.Min(at, line.Length);
    }

    // A backslash before anything else stands for itself.
    private static bool IsEscape(ReadOnlySpan<byte> text, int at) =>
        text[at] == Escape && at + 1 < text.Length && text[at + 1] is (byte)',' or (byte)'=' or (byte)' ';

    private static string Unescape(ReadOnlySpan<byte> text)
    {
        var result = Encoding.UTF8.GetString(text);
        return result.Contains('\\', StringComparison.Ordinal)
            ? result.Replace("\\,", ",", StringComparison.Ordinal).Replace("\\=", "=", StringComparison.Ordinal).Replace("\\ ", " ", StringComparison.Ordinal)
            : result;
    }
}
