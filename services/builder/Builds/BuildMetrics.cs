using System.Diagnostics.Metrics;

namespace Mesh.Builder.Builds;

/// <summary>What the builder counts.</summary>
public sealed class BuildMetrics
{
    private readonly Histogram<double> duration;
    private readonly UpDownCounter<long> running;

    public BuildMetrics(IMeterFactory factory)
    {
        var meter = factory.Create("Mesh.Builder");
        duration = meter.CreateHistogram<double>("mesh.builder.build.duration", "s", "Time that one attempt of a build took, by how it ended.");
        running = meter.CreateUpDownCounter<long>("mesh.builder.builds.running", "{build}", "Builds that run now.");
    }

    public void Begin() => running.Add(1);

    public void End(string outcome, TimeSpan took)
    {
        running.Add(-1);
        duration.Record(took.TotalSeconds, new KeyValuePair<string, object?>("outcome", outcome));
    }
}
