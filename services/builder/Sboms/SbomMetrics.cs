using System.Diagnostics.Metrics;

namespace Mesh.Builder.Sboms;

/// <summary>What became of attempts to tell ingestion of SBOMs.</summary>
public sealed class SbomMetrics
{
    private readonly Counter<long> deliveries;

    public SbomMetrics(IMeterFactory factory) => deliveries = factory.Create("Mesh.Builder").CreateCounter<long>(
        "mesh.builder.sbom.deliveries", "{attempt}", "Attempts to tell ingestion what is in an image, by how they ended.");

    public void Count(string outcome) => deliveries.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
}
