using Mesh.Ingestion.Series;

namespace Mesh.Ingestion.Intake;

/// <summary>Counts what was not taken, by reason.</summary>
public sealed class Rejections
{
    private static readonly RejectionReason[] Reasons = Enum.GetValues<RejectionReason>();

    private readonly long[] _counts = new long[Reasons.Length];
    private string?[]? _examples;

    public long Total { get; private set; }

    /// <summary>The reason that was counted last.</summary>
    public RejectionReason Latest { get; private set; }

    /// <summary>The first refused series that has been named, and why it was refused; null where none has.</summary>
    public string? Example { get; private set; }

    /// <summary>Whether a series has been named that was refused for the reason that was counted last.</summary>
    public bool IsNamed => ExampleOf(Latest) is not null;

    /// <summary>The first refused series of a reason; null where none has been named.</summary>
    public string? ExampleOf(RejectionReason reason) => _examples?[(int)reason];

    public void Add(RejectionReason reason, long count = 1)
    {
        Latest = reason;
        _counts[(int)reason] += count;
        Total += count;
    }

    /// <summary>Names the series that was refused just now, unless one of the same reason has been named.</summary>
    public void Name(SeriesBuilder series)
    {
        if (!IsNamed)
            Name(series.Describe());
    }

    /// <inheritdoc cref="Name(SeriesBuilder)"/>
    public void Name(string series)
    {
        _examples ??= new string?[Reasons.Length];
        _examples[(int)Latest] ??= series;
        Example ??= $"{series} ({Code(Latest)})";
    }

    public void Add(Rejections others)
    {
        foreach (var (reason, count) in others.Counts)
        {
            Add(reason, count);
            if (others.ExampleOf(reason) is { } example)
                Name(example);
        }
    }

    public void Clear()
    {
        Array.Clear(_counts);
        _examples = null;
        Total = 0;
        Example = null;
    }

    public IEnumerable<(RejectionReason Reason, long Count)> Counts =>
        Reasons.Where(reason => _counts[(int)reason] > 0).Select(reason => (reason, _counts[(int)reason]));

    /// <summary>One sentence for people.</summary>
    public static string Message(RejectionReason reason) => reason switch
    {
        RejectionReason.UnknownSeriesRef => "The sample refers to a series that was not declared on this stream, or was refused.",
        RejectionReason.InvalidMetricName => "A metric's name has 1 to 256 letters, digits, underscores and colons and no leading digit.",
        RejectionReason.InvalidLabelName => "A label's name has 1 to 128 letters, digits and underscores and no leading digit.",
        RejectionReason.DuplicateLabel => "A label comes only once in a series.",
        RejectionReason.LabelValueTooLong => "The value of a series' label has at most 1,024 bytes, and that of a record's 16,384 characters.",
        RejectionReason.InvalidUtf8 => "A label's value is UTF-8.",
        RejectionReason.TooManyLabels => "A series has at most 64 labels.",
        RejectionReason.TooOld => "The time lies further back than data is kept.",
        RejectionReason.TooFarInFuture => "The time lies in the future.",
        RejectionReason.SeriesLimit => "The tenant has reached its limit of active series.",
        RejectionReason.RateLimit => "The tenant has reached its limit of items or of bytes per second.",
        RejectionReason.ForeignTenant => "The sender may not write for this tenant.",
        RejectionReason.TooLarge => "The item is larger than is taken.",
        RejectionReason.UnsupportedType => "Data of this kind is not taken: a native histogram, or a sum or histogram without a temporality.",
        RejectionReason.InvalidId => "A trace's id has 32 hex digits and a span's 16, not all of them 0.",
        _ => "",
    };

    /// <summary>All reasons with their counts, and one series of those that were refused, for people.</summary>
    public string Describe() =>
        string.Join(' ', Counts.Select(item => $"{item.Count}: {Message(item.Reason)}")) + (Example is null ? "" : $" For instance {Example}.");

    /// <summary>The reason as contracts write it, in UPPER_SNAKE.</summary>
    public static string Code(RejectionReason reason) =>
        string.Concat(reason.ToString().Select((c, i) => char.IsUpper(c) && i > 0 ? $"_{c}" : $"{char.ToUpperInvariant(c)}"));
}
