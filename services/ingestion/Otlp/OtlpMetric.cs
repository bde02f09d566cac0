using Mesh.Ingestion.Receiving;

namespace Mesh.Ingestion.Otlp;

/// <summary>The kinds of metrics, by the numbers of their fields.</summary>
internal enum OtlpKind
{
    None = 0,
    Gauge = 5,
    Sum = 7,
    Histogram = 9,
    ExponentialHistogram = 10,
    Summary = 11,
}

/// <summary>A metric's message, with what has to be known before its points are read.</summary>
internal readonly ref struct OtlpMetric
{
    private const ulong Unspecified = 0, Delta = 1;

    /// <summary>The name, as the sender writes it.</summary>
    public ReadOnlySpan<byte> Name { get; private init; }

    public ReadOnlySpan<byte> Unit { get; private init; }

    /// <summary>The message of the kind, which holds the points.</summary>
    public ReadOnlySpan<byte> Data { get; private init; }

    public OtlpKind Kind { get; private init; }

    public bool IsMonotonic { get; private init; }

    /// <summary>Whether each point tells of what came since the one before.</summary>
    public bool IsDelta { get; private init; }

    /// <summary>Whether nobody can tell what its points count from: it should have a temporality and states none.</summary>
    public bool LacksTemporality { get; private init; }

    public static OtlpMetric Read(ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> name = [], unit = [], data = [];
        var kind = OtlpKind.None;
        var reader = new WireReader(message);
        while (!reader.AtEnd)
        {
            var tag = reader.ReadTag();
            switch (tag)
            {
                case (1 << 3) | 2:
                    name = reader.ReadBytes();
                    break;
                case (3 << 3) | 2:
                    unit = reader.ReadBytes();
                    break;
                case (5 << 3) | 2 or (7 << 3) | 2 or (9 << 3) | 2 or (10 << 3) | 2 or (11 << 3) | 2:
                    kind = (OtlpKind)(tag >> 3);
                    data = reader.ReadBytes();
                    break;
                default:
                    reader.Skip(tag);
                    break;
            }
        }

        var isSum = kind is OtlpKind.Sum or OtlpKind.Histogram or OtlpKind.ExponentialHistogram;
        var (temporality, monotonic) = isSum ? ReadSum(data) : default;
        return new OtlpMetric
        {
            Name = name, Unit = unit, Data = data, Kind = kind, IsMonotonic = monotonic != 0 && kind == OtlpKind.Sum, IsDelta = temporality == Delta,
            LacksTemporality = isSum && temporality == Unspecified,
        };
    }

    // The points come first in practice, and are passed over.
    private static (ulong Temporality, ulong Monotonic) ReadSum(ReadOnlySpan<byte> data)
    {
        var (temporality, monotonic) = (0UL, 0UL);
        var reader = new WireReader(data);
        while (!reader.AtEnd)
        {
            var tag = reader.ReadTag();
            if (tag == 2 << 3)
                temporality = reader.ReadVarint();
            else if (tag == 3 << 3)
                monotonic = reader.ReadVarint();
            else
                reader.Skip(tag);
        }

        return (temporality, monotonic);
    }
}
