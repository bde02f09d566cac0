using System.Buffers.Binary;
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

    private const int LookAhead = 16;

    private readonly string _tenant;
    private readonly BatchBuilder _target;
    private readonly LabelCache _labels;
    private readonly KnownSeries _known;
    private readonly SeriesBuilder _series = new();
    private readonly ByteBuffer _gathered = new();

    public RemoteWriteDecoder(string tenant, BatchBuilder target, LabelCache labels)
    {
        (_tenant, _target, _labels) = (tenant, target, labels);
        _known = new KnownSeries(tenant, target, labels);
    }

    /// <summary>Exemplars and metadata that came along; they are taken and not kept.</summary>
    public long Extras { get; private set; }

    public void Decode(ReadOnlySpan<byte> request)
    {
        // Some series ahead are hashed and asked for: what is known of them is near when their turn comes.
        Span<Ahead> ahead = stackalloc Ahead[LookAhead];
        var count = 0;
        var reader = new WireReader(request);
        while (!reader.AtEnd)
        {
            var tag = reader.ReadTag();
            if (tag == TimeSeriesField)
            {
                var message = reader.ReadBytes();
                ahead[count++] = Prepare(message, reader.Position - message.Length);
                if (count == LookAhead)
                    DecodeSeries(request, ahead, ref count);
                continue;
            }

            if (tag == MetadataField)
                Extras++;
            reader.Skip(tag);
        }

        DecodeSeries(request, ahead, ref count);
        _target.EndSamples(_tenant);
    }

    public void Dispose()
    {
        _series.Dispose();
        _gathered.Dispose();
    }

    private Ahead Prepare(ReadOnlySpan<byte> message, int start)
    {
        var end = PlainLabels(message);
        var key = end > 0 ? XxHash64.Compute(message[..end], _known.Seed) : 0;
        if (end > 0)
            _labels.Prefetch(key);
        return new Ahead(start, message.Length, end, key);
    }

    private void DecodeSeries(ReadOnlySpan<byte> request, ReadOnlySpan<Ahead> ahead, ref int count)
    {
        foreach (ref readonly var series in ahead[..count])
            DecodeSeries(request.Slice(series.Start, series.Length), series);
        count = 0;
    }

    private void DecodeSeries(ReadOnlySpan<byte> message, in Ahead ahead)
    {
        // In practice it is labels and one sample of a series that is known.
        if (ahead.LabelsEnd > 0 && TryPlainSample(message[ahead.LabelsEnd..], out var time, out var value))
        {
            var plain = message[..ahead.LabelsEnd];
            if (_known.TryFind(ahead.Key, out var known))
            {
                if (!_target.Sample(known.Id, time, value, ref known.Scale))
                    Name(plain);
            }
            else if (Build(plain, ahead.Key) is var built and not 0 && !_target.Sample(built, time, value, ref _labels.Find(ahead.Key).Scale))
            {
                Name(plain);
            }

            return;
        }

        var labels = LabelsOf(message, out var samples);
        var id = samples == 0 ? 0 : IdOf(labels, XxHash64.Compute(labels, _known.Seed));
        var reader = new WireReader(message);
        while (!reader.AtEnd)
        {
            var tag = reader.ReadTag();
            switch (tag)
            {
                case SampleField when id != 0:
                    if (!DecodeSample(reader.ReadBytes(), id))
                        Name(labels);
                    continue;
                case ExemplarField:
                    Extras++;
                    break;
                case HistogramField:
                    _target.Rejections.Add(RejectionReason.UnsupportedType);
                    Name(labels);
                    break;
            }

            reader.Skip(tag);
        }
    }

    private bool DecodeSample(ReadOnlySpan<byte> message, ulong id)
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

        return _target.Sample(id, time, value);
    }

    // Where labels end that come first and are short; 0 where it is not so plain.
    private static int PlainLabels(ReadOnlySpan<byte> message)
    {
        var end = 0;
        while (end + 1 < message.Length && message[end] == LabelField && message[end + 1] < 0x80)
            end += 2 + message[end + 1];
        return end < message.Length && message[end] == SampleField ? end : 0;
    }

    // The one sample behind the labels, as Prometheus writes it: value, then time.
    private static bool TryPlainSample(ReadOnlySpan<byte> rest, out long time, out double value)
    {
        (time, value) = (0, 0);
        if (rest.Length < 13 || rest[1] != rest.Length - 2 || rest[2] != ((1 << 3) | 1) || rest[11] != 2 << 3)
            return false;
        value = BinaryPrimitives.ReadDoubleLittleEndian(rest[3..]);
        var number = 0UL;
        for (var (at, shift) = (12, 0); at < rest.Length && shift < 63; at++, shift += 7)
        {
            number |= (ulong)(rest[at] & 0x7F) << shift;
            if (rest[at] >= 0x80)
                continue;
            time = (long)number;
            return at == rest.Length - 1;
        }

        return false;
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

    private ulong IdOf(ReadOnlySpan<byte> labels, ulong key) => _known.TryFind(key, out var known) ? known.Id : Build(labels, key);

    private ulong Build(ReadOnlySpan<byte> labels, ulong key)
    {
        ReadLabels(labels);
        return _known.End(key, _series);
    }

    // Says of what a sample was that has just been refused: only the first time, so the labels may be read for it.
    private void Name(ReadOnlySpan<byte> labels)
    {
        if (_target.Rejections.Example is not null)
            return;
        ReadLabels(labels);
        _target.Rejections.Name(_series);
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

    // One series of the request, before it is decoded.
    private readonly record struct Ahead(int Start, int Length, int LabelsEnd, ulong Key);
}
