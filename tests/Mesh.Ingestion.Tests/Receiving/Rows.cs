using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Receiving;
using Mesh.Ingestion.Series;
using Mesh.Ingestion.Tables;

namespace Mesh.Ingestion.Tests.Receiving;

/// <summary>A batch that a decoder fills without any server, and its rows in words.</summary>
internal sealed class Rows
{
    private static readonly IntakeOptions Options = new();

    private readonly TenantRates _rates = new(Options, TimeProvider.System);

    public static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    public LabelCache Labels { get; } = new();

    public SeriesCache Cache { get; } = new();

    public TelemetryBatch Batch { get; } = new();

    public BatchBuilder Begin()
    {
        Batch.Clear();
        return new BatchBuilder(Batch, Cache, _rates, Options, TimeWindow.Of(TimeProvider.System, Options));
    }

    /// <summary>Decodes and gives what was refused.</summary>
    public Rejections Write(Action<SampleWriter> decode)
    {
        var builder = Begin();
        using var writer = new SampleWriter("acme", builder);
        decode(writer);
        writer.End();
        Assert.Equal(Batch.Samples.Series.Rows, Batch.Samples.Tenant.Rows);
        using var record = new ByteBuffer();
        Batch.Encode(record);
        return builder.Rejections;
    }

    /// <summary>The samples as `metric{label=value,…} value`, sorted; times are checked to be about now.</summary>
    public string Describe()
    {
        var names = new Dictionary<ulong, string>();
        var labels = Batch.Series.Labels.ReadAll();
        for (var row = 0; row < Batch.Series.Rows; row++)
        {
            var metric = System.Text.Encoding.UTF8.GetString(Batch.Series.Metric[row]);
            names[Batch.Series.Id.Values[row]] = $"{metric}{{{string.Join(',', labels[row].Select(label => $"{label.Key}={label.Value}"))}}}";
        }

        var lines = new List<string>();
        for (var row = 0; row < Batch.Samples.Rows; row++)
        {
            Assert.InRange(Batch.Samples.Time.Values[row], Now - 3_600_000 * 24, Now + 60_000);
            lines.Add(FormattableString.Invariant($"{names[Batch.Samples.Series.Values[row]]} {Batch.Samples.Value.Values[row]}"));
        }

        return string.Join('\n', lines.Order(StringComparer.Ordinal));
    }
}
