using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Series;

namespace Mesh.Ingestion.Receiving;

/// <summary>Brings one sample after another into a batch, for receivers whose formats are text. Foreign names are translated.</summary>
public sealed class SampleWriter(string tenant, BatchBuilder target) : IDisposable
{
    private readonly SeriesBuilder _series = new();

    public string Tenant => tenant;

    public BatchBuilder Target => target;

    public void Begin(string metric) => _series.Begin(tenant, Names.Translate(metric, colon: true));

    public void Label(string name, string value) => _series.Label(Names.Translate(name), value);

    /// <summary>Ends the series and adds a sample; no time means now. Says why it was refused.</summary>
    public RejectionReason Add(double value, long? milliseconds)
    {
        var before = target.Rejections.Total;
        var id = target.Series(_series, tenant);
        if (id != 0)
            target.Sample(id, milliseconds ?? target.TakeTime(), value);
        return target.Rejections.Total > before ? target.Rejections.Latest : RejectionReason.None;
    }

    /// <summary>Has to be called after the last sample.</summary>
    public void End() => target.EndSamples(tenant);

    public void Dispose() => _series.Dispose();
}
