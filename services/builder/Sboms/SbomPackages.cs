using System.Text;
using System.Text.Json;
using Mesh.Ingestion.V1;

namespace Mesh.Builder.Sboms;

/// <summary>The packages that an SBOM names, as ingestion takes them.</summary>
public static class SbomPackages
{
    // What the contract allows.
    private const int MaxPurl = 1000, MaxName = 500, MaxVersion = 200;
    private const int MostBytes = 512 << 10, Most = 1000;
    private static readonly JsonSerializerOptions Wire = new(JsonSerializerDefaults.Web)
    {
        RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true,
    };

    /// <summary>The packages. One that the contract has no room for is left out: the others are told nevertheless.</summary>
    public static IEnumerable<ImagePackage> Read(byte[] sbom) =>
        JsonSerializer.Deserialize<Document>(sbom, Wire)!.Components.Where(IsTaken)
            .Select(component => new ImagePackage { Purl = component.Purl, Name = component.Name, Version = component.Version });

    /// <summary>The packages in batches that are far below what one message may hold.</summary>
    public static IEnumerable<WriteScanRequest.Types.Batch> Batches(IEnumerable<ImagePackage> packages)
    {
        var (batch, bytes) = (new WriteScanRequest.Types.Batch(), 0);
        foreach (var package in packages)
        {
            batch.Packages.Add(package);
            bytes += package.CalculateSize();
            if (bytes < MostBytes && batch.Packages.Count < Most)
                continue;
            yield return batch;
            (batch, bytes) = (new WriteScanRequest.Types.Batch(), 0);
        }
        if (batch.Packages.Count > 0)
            yield return batch;
    }

    private static bool IsTaken(Entry entry) =>
        entry.Purl.Length > 0 && entry.Name.Length > 0 && Fits(entry.Purl, MaxPurl) && Fits(entry.Name, MaxName) && Fits(entry.Version, MaxVersion);

    private static bool Fits(string value, int bytes) => Encoding.UTF8.GetByteCount(value) <= bytes && !value.Any(char.IsControl);

    private sealed record Document(IReadOnlyList<Entry> Components);

    private sealed record Entry(string Purl, string Name, string Version);
}
