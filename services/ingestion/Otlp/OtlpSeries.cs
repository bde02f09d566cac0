using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Receiving;
using Mesh.Ingestion.Series;
using OpenTelemetry.Proto.Common.V1;
using OpenTelemetry.Proto.Resource.V1;

namespace Mesh.Ingestion.Otlp;

/// <summary>What a series is of its metric.</summary>
internal enum OtlpPart
{
    Value,
    Bucket,
    Count,
    Sum,
    Quantile,
}

/// <summary>What all kinds of points have. The key stands for resource, metric and attributes, as they were written.</summary>
internal readonly ref struct OtlpPoint
{
    public ReadOnlySpan<byte> Name { get; init; }

    public ReadOnlySpan<byte> Unit { get; init; }

    public ReadOnlySpan<byte> Message { get; init; }

    public int Attributes { get; init; }

    public ulong Key { get; init; }

    public ulong Start { get; init; }

    public ulong Time { get; init; }

    public uint Flags { get; init; }

    public OtlpKind Kind { get; init; }

    public bool IsMonotonic { get; init; }

    public bool IsDelta { get; init; }

    public long Milliseconds => (long)(Time / 1_000_000);
}

/// <summary>Finds the series of points by a hash of what the sender writes, and takes apart what is new.</summary>
internal sealed class OtlpSeries(string tenant, BatchBuilder target, LabelCache labels) : IDisposable
{
    // Keys of this receiver and of others are hashes of other things: they must not meet.
    private static readonly ulong s_seed = XxHash64.Compute("otlp metrics"u8);

    private readonly KnownSeries _known = new(tenant, target, labels);
    private readonly SeriesBuilder _series = new();
    private readonly ByteBuffer _resourceBytes = new();
    private OtlpResource? _resource;
    private ulong _resourceKey;
    private ulong _metricKey;

    public void BeginResource(ReadOnlySpan<byte> message)
    {
        _resource = null;
        _resourceBytes.Clear();
        _resourceBytes.Write(message);
        _resourceKey = XxHash64.Compute(message, _known.Seed ^ s_seed);
    }

    public void BeginMetric(in OtlpMetric metric) =>
        _metricKey = Mix(XxHash64.Compute(metric.Unit, XxHash64.Compute(metric.Name, _resourceKey)), 2 * (int)metric.Kind + (metric.IsMonotonic ? 1 : 0), 0);

    /// <summary>Reads what all points have; times have the same numbers in all of them.</summary>
    public OtlpPoint BeginPoint(in OtlpMetric metric, ReadOnlySpan<byte> message, int attributes, int flags)
    {
        var (key, start, time, given) = (_metricKey, 0UL, 0UL, 0u);
        var reader = new WireReader(message);
        while (!reader.AtEnd)
        {
            var tag = reader.ReadTag();
            if (tag == (((uint)attributes << 3) | 2))
                key = XxHash64.Compute(reader.ReadBytes(), key);
            else if (tag == ((2 << 3) | 1))
                start = reader.ReadFixed64();
            else if (tag == ((3 << 3) | 1))
                time = reader.ReadFixed64();
            else if (tag == (uint)flags << 3)
                given = (uint)reader.ReadVarint();
            else
                reader.Skip(tag);
        }

        return new OtlpPoint
        {
            Name = metric.Name, Unit = metric.Unit, Message = message, Attributes = attributes, Key = key, Start = start, Time = time,
            Flags = given, Kind = metric.Kind, IsMonotonic = metric.IsMonotonic, IsDelta = metric.IsDelta,
        };
    }

    /// <summary>The series' id, 0 where it was refused; and the key by which it is known.</summary>
    public ulong IdOf(in OtlpPoint point, OtlpPart part, double bound, out ulong key)
    {
        key = Mix(point.Key, (int)part, BitConverter.DoubleToInt64Bits(bound));
        return _known.TryFind(key, out var known) ? known.Id : Build(point, part, bound, key);
    }

    public ref byte ScaleOf(ulong key) => ref labels.Find(key).Scale;

    public void Dispose()
    {
        _series.Dispose();
        _resourceBytes.Dispose();
    }

    private ulong Build(in OtlpPoint point, OtlpPart part, double bound, ulong key)
    {
        var resource = _resource ??= OtlpResource.Of(Resource.Parser.ParseFrom(_resourceBytes.Span));
        var name = MetricNames.Of(Encoding.UTF8.GetString(point.Name), Encoding.UTF8.GetString(point.Unit), point.Kind, point.IsMonotonic);
        _series.Begin(tenant, part switch
        {
            OtlpPart.Bucket => name + "_bucket",
            OtlpPart.Count => name + "_count",
            OtlpPart.Sum => name + "_sum",
            _ => name,
        });
        _series.Label("job", resource.Job);
        _series.Label("instance", resource.Instance);
        var reader = new WireReader(point.Message);
        while (reader.TryReadMessage(point.Attributes, out var message))
        {
            var attribute = KeyValue.Parser.ParseFrom(message);
            if (attribute.Key is not ("job" or "instance" or "le" or "quantile"))
                _series.Label(Names.Translate(attribute.Key), AnyValues.Text(attribute.Value));
        }

        if (part == OtlpPart.Bucket)
            _series.Label("le", double.IsPositiveInfinity(bound) ? "+Inf" : Text(bound));
        else if (part == OtlpPart.Quantile)
            _series.Label("quantile", Text(bound));
        return _known.End(key, _series);
    }

    private static ulong Mix(ulong key, int part, long bits)
    {
        ReadOnlySpan<long> content = [part, bits];
        return XxHash64.Compute(MemoryMarshal.AsBytes(content), key);
    }

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
