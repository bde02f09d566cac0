using System.Globalization;
using System.Text;
using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Series;

/// <summary>
/// A series in a message for people, as `metric{name="value",…}`. It may be anything that a sender wrote: what is not UTF-8 or
/// cannot be shown becomes U+FFFD, and what is long is cut.
/// </summary>
internal sealed class SeriesText
{
    /// <summary>The most characters of the whole.</summary>
    public const int MaxLength = 200;

    private const int MaxMetric = 80;
    private const int MaxName = 40;
    private const int MaxValue = 40;

    private readonly StringBuilder _text = new();
    private int _labels;
    private bool _full;

    public SeriesText(ReadOnlySpan<byte> metric) => _text.Append(Readable(metric, MaxMetric)).Append('{');

    /// <summary>The text of a series that is given in its one form.</summary>
    public static string Of(ReadOnlySpan<byte> form)
    {
        var reader = new ByteReader(form);
        _ = reader.ReadBytes();
        var text = new SeriesText(reader.ReadBytes());
        for (var labels = reader.ReadCount(); labels > 0; labels--)
            text.Label(reader.ReadBytes(), reader.ReadBytes());
        return text.ToString();
    }

    public void Label(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (_full)
            return;
        var label = $"{(_labels++ > 0 ? "," : "")}{Readable(name, MaxName)}=\"{Readable(value, MaxValue)}\"";
        // There stays room for the mark and the end.
        _full = _text.Length + label.Length + 3 > MaxLength;
        _text.Append(_full ? ",…" : label);
    }

    public override string ToString() => _text + "}";

    private static string Readable(ReadOnlySpan<byte> utf8, int limit)
    {
        var text = new StringBuilder();
        while (!utf8.IsEmpty)
        {
            Rune.DecodeFromUtf8(utf8, out var rune, out var length);
            utf8 = utf8[length..];
            if (text.Length + rune.Utf16SequenceLength >= limit)
                return text.Append('…').ToString();
            text.Append(rune.Value == '"' ? "'" : IsShown(rune) ? rune.ToString() : "\uFFFD");
        }

        return text.ToString();
    }

    private static bool IsShown(Rune rune) => Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
}
