using System.Text;
using System.Text.Unicode;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Tables;

namespace Mesh.Ingestion.Series;

/// <summary>
/// Brings a series into its one form: tenant, metric, and the labels in the order of their names. The id is the hash of
/// that form, so every receiver gives one series the same id. Used for one series after another; allocates nothing then.
/// </summary>
public sealed class SeriesBuilder : IDisposable
{
    /// <summary>How many of an id's bits, the highest, are the metric's; the others are those of the whole form's hash.</summary>
    public const int FamilyBits = 12;

    public const int MaxLabels = 64;
    public const int MaxMetricBytes = 256;
    public const int MaxLabelNameBytes = 128;
    public const int MaxLabelValueBytes = 1024;

    private readonly ByteBuffer _text = new();
    private readonly ByteBuffer _form = new();
    private readonly (int Name, int Value, int End)[] _labels = new (int, int, int)[MaxLabels];
    private int _count;
    private int _tenantEnd;
    private int _metricStart;
    private int _metricEnd;
    private RejectionReason _fault;
    private (int Name, int Value, int End) _culprit;

    private static ReadOnlySpan<byte> MetricLabel => "__name__"u8;

    /// <summary>The series' one form; valid until the next series begins.</summary>
    public ReadOnlySpan<byte> Form => _form.Span;

    /// <summary>Begins a series whose metric comes as the label `__name__`, as Prometheus has it.</summary>
    public void Begin(string tenant)
    {
        _text.Clear();
        _count = 0;
        _fault = RejectionReason.None;
        _culprit = default;
        Append(tenant);
        _metricStart = _metricEnd = _tenantEnd = _text.Length;
    }

    public void Begin(string tenant, string metric)
    {
        Begin(tenant);
        Append(metric);
        _metricEnd = _text.Length;
    }

    /// <summary>Adds a label; one with an empty value is as good as none.</summary>
    public void Label(string name, string value)
    {
        if (value.Length == 0 || _fault != RejectionReason.None)
            return;
        var start = _text.Length;
        Append(name);
        var middle = _text.Length;
        Append(value);
        Label(start, middle);
    }

    /// <inheritdoc cref="Label(string, string)"/>
    public void Label(ReadOnlySpan<byte> name, ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length == 0 || _fault != RejectionReason.None)
            return;
        var start = _text.Length;
        _text.Write(name);
        var middle = _text.Length;
        _text.Write(utf8);
        if (Utf8.IsValid(utf8))
            Label(start, middle);
        else
            Refuse(RejectionReason.InvalidUtf8, start, middle, _text.Length);
    }

    /// <summary>Ends the series: its id, or why it cannot be.</summary>
    public RejectionReason Finish(out ulong id)
    {
        id = 0;
        if (_fault != RejectionReason.None)
            return _fault;

        var text = _text.Span;
        if (!Names.IsMetric(text[_metricStart.._metricEnd]))
            return RejectionReason.InvalidMetricName;

        _form.Clear();
        _form.WriteString(text[.._tenantEnd]);
        _form.WriteString(text[_metricStart.._metricEnd]);
        _form.WriteVarint((ulong)_count);
        for (var i = 0; i < _count; i++)
        {
            var (name, value, end) = _labels[i];
            _form.WriteString(text[name..value]);
            _form.WriteString(text[value..end]);
        }

        // The series of one metric lie together in the tables: their values compress better, and one question reads them in one go.
        var family = XxHash64.Compute(text[_metricStart.._metricEnd]);
        id = (family & ~(ulong.MaxValue >> FamilyBits)) | (XxHash64.Compute(_form.Span) >> FamilyBits);
        return RejectionReason.None;
    }

    /// <summary>The series for people, as far as it was read: the label at fault first, the rest cut where it is long.</summary>
    public string Describe()
    {
        var text = _text.Span;
        var described = new SeriesText(text[_metricStart.._metricEnd]);
        if (_fault != RejectionReason.None)
            described.Label(text[_culprit.Name.._culprit.Value], text[_culprit.Value.._culprit.End]);
        foreach (var (name, value, end) in _labels.AsSpan(0, _count))
        {
            if (name != _culprit.Name || _fault == RejectionReason.None)
                described.Label(text[name..value], text[value..end]);
        }

        return described.ToString();
    }

    /// <summary>Adds the row of a series, given in its one form, to the table's block.</summary>
    public static void AddRow(SeriesBlock block, ulong id, ReadOnlySpan<byte> form, uint seen)
    {
        var reader = new ByteReader(form);
        block.Id.Add(id);
        block.Tenant.Add(reader.ReadBytes());
        block.Metric.Add(reader.ReadBytes());
        for (var labels = reader.ReadCount(); labels > 0; labels--)
            block.Labels.AddPair(reader.ReadBytes(), reader.ReadBytes());
        block.Labels.EndRow();
        block.Seen.Add(seen);
    }

    public void Dispose()
    {
        _text.Dispose();
        _form.Dispose();
    }

    private void Append(string text) => Encoding.UTF8.GetBytes(text, _text.Take(Encoding.UTF8.GetByteCount(text)));

    private void Label(int start, int middle)
    {
        var end = _text.Length;
        var name = _text.Span[start..middle];
        if (name.SequenceEqual(MetricLabel))
        {
            if (_metricEnd > _metricStart)
                Refuse(RejectionReason.DuplicateLabel, start, middle, end);
            else
                (_metricStart, _metricEnd) = (middle, end);
        }
        else if (_count == MaxLabels)
        {
            Refuse(RejectionReason.TooManyLabels, start, middle, end);
        }
        else if (!Names.IsLabel(name))
        {
            Refuse(RejectionReason.InvalidLabelName, start, middle, end);
        }
        else if (end - middle > MaxLabelValueBytes)
        {
            Refuse(RejectionReason.LabelValueTooLong, start, middle, end);
        }
        else
        {
            Insert(start, middle, end);
        }
    }

    // The labels that come after it are not read any more.
    private void Refuse(RejectionReason fault, int name, int value, int end) => (_fault, _culprit) = (fault, (name, value, end));

    // Keeps the labels in the order of their names while they come; most senders send them sorted.
    private void Insert(int name, int value, int end)
    {
        var text = _text.Span;
        var place = _count++;
        for (; place > 0; place--)
        {
            var order = text[name..value].SequenceCompareTo(text[_labels[place - 1].Name.._labels[place - 1].Value]);
            if (order == 0)
                Refuse(RejectionReason.DuplicateLabel, name, value, end);
            if (order >= 0)
                break;
            _labels[place] = _labels[place - 1];
        }

        _labels[place] = (name, value, end);
    }
}
