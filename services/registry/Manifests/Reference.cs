using Mesh.Registry.Blobs;

namespace Mesh.Registry.Manifests;

/// <summary>How a manifest is asked for: by digest or by tag. Exactly one of the two is there.</summary>
public sealed record Reference
{
    private Reference(Digest? digest, string? tag) => (Digest, Tag) = (digest, tag);

    public Digest? Digest { get; }

    public string? Tag { get; }

    /// <summary>Reads a digest (it has a colon) or a tag.</summary>
    public static Reference Parse(string value)
    {
        if (value.Contains(':', StringComparison.Ordinal))
            return Blobs.Digest.TryParse(value, out var digest) ? new Reference(digest, null) : throw RegistryErrors.DigestInvalid(value);
        return Manifests.Tag.IsName(value) ? new Reference(null, value) : throw RegistryErrors.TagInvalid(value);
    }

    public static Reference To(Digest digest) => new(digest, null);

    public override string ToString() => Digest?.ToString() ?? Tag!;
}
