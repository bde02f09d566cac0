using System.Text.Json.Serialization;

namespace Mesh.Builder.Images;

/// <summary>Points to a blob, as the OCI image specification has it.</summary>
public sealed record Descriptor(
    [property: JsonPropertyName("mediaType")] string MediaType,
    [property: JsonPropertyName("digest")] string Digest,
    [property: JsonPropertyName("size")] long Size);

/// <summary>A layer: its blob, and the digest of the uncompressed archive, which the image's config lists.</summary>
public sealed record Layer(Descriptor Blob, string DiffId);

/// <summary>The media types of the OCI image specification that Mesh writes.</summary>
public static class MediaTypes
{
    public const string Manifest = "application/vnd.oci.image.manifest.v1+json";
    public const string Config = "application/vnd.oci.image.config.v1+json";
    public const string LayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";
    public const string Empty = "application/vnd.oci.empty.v1+json";
    public const string CycloneDx = "application/vnd.cyclonedx+json";
}
