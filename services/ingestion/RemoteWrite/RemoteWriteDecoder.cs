using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Receiving;
using Mesh.Ingestion.Series;

namespace Mesh.Ingestion.RemoteWrite;

/// <summary>
/// Decodes `prometheus.WriteRequest` (Remote-Write 1.0, "Protocol") straight from its bytes into columns. The labels of a
/// series that was sent before are not read but hashed; no sample and no known series costs an object.
/// </summary>
public sealed class RemoteWriteDecoder : IDisposable
{
    private const uint TimeSeriesField = (1 << 3) | 2;
    private const uint MetadataField = (3 << 3) | 2;
    private const uint LabelField = (1 << 3) | 2;
    private const uint SampleField = (2 << 3) | 2;
    private const uint ExemplarField = (3 << 3) | 2;
    private const uint HistogramField = (4 << 3) | 2;

    private readonly string _tenant;
    private readonly BatchBuilder _target;
    private readonly KnownSeries _known;
    private readonly SeriesBuilder _series = new();
    private readonly ByteBuffer _gathered = new();

    public RemoteWriteDecoder(string tenant, BatchBuilder target, LabelCache labels)
    {
        (_tenant, _target) = (tenant, target);
        _known = new KnownSeries(tenant, target, labels);
    }

    /// <summary>Exemplars and metadata that came along; they are taken and not kept.</summary>
    public long Extras { get; private set; }

    public void Decode(ReadOnlySpan<byte> request)
    {
        var reader = new WireReader(request);
        while (!reader.AtEnd)
        {
            var tag = reader.ReadTag();
            if (tag == TimeSeriesField)
            {
                DecodeSeries(reader.ReadBytes());
                continue;
            }

            if (tag == MetadataField)
                Extras++;
            reader.Skip(tag);
        }

        _target.EndSamples(_tenant);
    }

    public void Dispose()
    {
        _series.Dispose();
        _gathered.Dispose();
    }

    private void DecodeSeries(ReadOnlySpan<byte> message)
    {
        var labels = LabelsOf(message, out var samples);
        var id = samples == 0 ? 0 : IdOf(labels);
        var reader = new WireReader(message);
        while (!reader.AtEnd)
        {
            var tag = reader.ReadTag();
            switch (tag)
            {
                case SampleField when id != 0:
                    DecodeSample(reader.ReadBytes(), id);
                    continue;
                case ExemplarField:
                    Extras++;
                    break;
                case HistogramField:
                    _target.Rejections.Add(RejectionReason.UnsupportedType);
                    break;
            }

            reader.Skip(tag);
        }
    }

    private void DecodeSample(ReadOnlySpan<byte> message, ulong id)
    {
        var reader = new WireReader(message);
        var (value, time) = (0.0, 0L);
        while (!reader.AtEnd)
        {
            var tag = reader.ReadTag();
            if (tag == ((1 << 3) | 1))
                value = reader.ReadDouble();
            else if (tag == 2 << 3)
                time = (long)reader.ReadVarint();
            else
                reader.Skip(tag);
        }

        _target.Sample(id, time, value);
    }

    // The labels' fields, one behind the other: in practice as they lie, at the message's beginning.
    private ReadOnlySpan<byte> LabelsOf(ReadOnlySpan<byte> message, out int samples)
    {
        samples = 0;
        var (end, scattered, others) = (0, false, false);
        var reader = new WireReader(message);
        while (!reader.AtEnd)
        {
            var tag = reader.ReadTag();
            reader.Skip(tag);
            if (tag == LabelField)
                (end, scattered) = (reader.Position, others);
            else
                others = true;
            if (tag == SampleField)
                samples++;
        }

        return scattered ? Gather(message) : message[..end];
    }

    private ReadOnlySpan<byte> Gather(ReadOnlySpan<byte> message)
    {
        _gathered.Clear();
        var reader = new WireReader(message);
        while (!reader.AtEnd)
        {
            var start = reader.Position;
            var tag = reader.ReadTag();
            reader.Skip(tag);
            if (tag == LabelField)
                _gathered.Write(message[start..reader.Position]);
        }

        return _gathered.Span;
    }

    private ulong IdOf(ReadOnlySpan<byte> labels)
    {
        var key = XxHash64.Compute(labels, _known.Seed);
        if (_known.TryFind(key, out var id))
            return id;
        ReadLabels(labels);
        return _known.End(key, _series);
    }

    private void ReadLabels(ReadOnlySpan<byte> labels)
    {
        _series.Begin(_tenant);
        var reader = new WireReader(labels);
        while (!reader.AtEnd)
        {
            reader.ReadTag();
            var label = new WireReader(reader.ReadBytes());
            ReadOnlySpan<byte> name = [], value = [];
            while (!label.AtEnd)
            {
                var tag = label.ReadTag();
                if (tag == ((1 << 3) | 2))
                    name = label.ReadBytes();
                else if (tag == ((2 << 3) | 2))
                    value = label.ReadBytes();
                else
                    label.Skip(tag);
            }

            _series.Label(name, value);
        }
    }
}
