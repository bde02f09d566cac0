namespace Mesh.Ingestion.Scans;

/// <summary>Which findings of a tenant are asked for; what is empty asks for all.</summary>
public sealed record FindingFilter
{
    public required string Tenant { get; init; }

    public V1.FindingSeverity Severity { get; init; }

    public string Repository { get; init; } = "";

    public string Digest { get; init; } = "";

    public string Id { get; init; } = "";

    public bool FixableOnly { get; init; }

    /// <summary>Only of these images; null means of all.</summary>
    public IReadOnlyCollection<ImageName>? Images { get; init; }

    /// <summary>Whether findings of an image of the tenant can be among those that are asked for.</summary>
    public bool Covers(ImageName image) =>
        (Repository.Length == 0 || image.Repository == Repository) && (Digest.Length == 0 || image.Digest == Digest);
}
