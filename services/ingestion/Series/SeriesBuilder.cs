using System.Text;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Tables;

namespace Mesh.Ingestion.Series;

/// <summary>
/// Brings a series into its one form: tenant, metric, and the labels in the order of their names. The id is the hash of
/// that form, so every receiver gives one series the same id. Used for one series after another; allocates nothing then.
/// </summary>
public sealed class SeriesBuilder : IDisposable
{
    public const int MaxLabels = 64;
    public const int MaxMetricBytes = 256;
    public const int MaxLabelNameBytes = 128;
    public const int MaxLabelValueBytes = 1024;

    private readonly ByteBuffer _text = new();
    private readonly ByteBuffer _form = new();
    private readonly (int Name, int Value, int End)[] _labels = new (int, int, int)[MaxLabels];
    private int _count;
    private int _metricStart;
    private int _metricEnd;
    private RejectionReason _fault;

    /// <summary>The series' one form; valid until the next <see cref="Begin"/>.</summary>
    public ReadOnlySpan<byte> Form => _form.Span;

    public void Begin(string tenant, string metric)
    {
        _text.Clear();
        _count = 0;
        _fault = RejectionReason.None;
        Append(tenant);
        _metricStart = _text.Length;
        Append(metric);
        _metricEnd = _text.Length;
        if (!Names.IsMetric(_text.Span[_metricStart..]))
            _fault = RejectionReason.InvalidMetricName;
    }

    /// <summary>Adds a label; one with an empty value is as good as none.</summary>
    public void Label(string name, string value)
    {
        if (value.Length == 0 || _fault != RejectionReason.None)
            return;
        if (_count == MaxLabels)
        {
            _fault = RejectionReason.TooManyLabels;
            return;
        }

        var start = _text.Length;
        Append(name);
        var middle = _text.Length;
        Append(value);
        var end = _text.Length;
        if (!Names.IsLabel(_text.Span[start..middle]) || end - middle > MaxLabelValueBytes)
            _fault = RejectionReason.InvalidLabel;
        Insert(start, middle, end);
    }

    /// <summary>Ends the series: its id, or why it cannot be.</summary>
    public RejectionReason Finish(out ulong id)
    {
        id = 0;
        if (_fault != RejectionReason.None)
            return _fault;

        var text = _text.Span;
        _form.Clear();
        _form.WriteString(text[.._metricStart]);
        _form.WriteString(text[_metricStart.._metricEnd]);
        _form.WriteVarint((ulong)_count);
        for (var i = 0; i < _count; i++)
        {
            var (name, value, end) = _labels[i];
            _form.WriteString(text[name..value]);
            _form.WriteString(text[value..end]);
        }

        id = XxHash64.Compute(_form.Span);
        return RejectionReason.None;
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

    // Keeps the labels in the order of their names while they come; most senders send them sorted.
    private void Insert(int name, int value, int end)
    {
        var text = _text.Span;
        var place = _count++;
        for (; place > 0; place--)
        {
            var order = text[name..value].SequenceCompareTo(text[_labels[place - 1].Name.._labels[place - 1].Value]);
            if (order == 0)
                _fault = RejectionReason.InvalidLabel;
            if (order >= 0)
                break;
            _labels[place] = _labels[place - 1];
        }

        _labels[place] = (name, value, end);
    }
}
