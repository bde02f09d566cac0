using System.Text;
using System.Text.Json;
using Mesh.Registry.Blobs;
using Mesh.Registry.Manifests;

namespace Mesh.Registry.Tests.Servers;

/// <summary>Small manifests.</summary>
internal static class Images
{
    public const string ConfigType = "application/vnd.oci.image.config.v1+json";
    public const string LayerType = "application/vnd.oci.image.layer.v1.tar";

    /// <summary>An image whose config is <c>{}</c> and whose only layer is the text.</summary>
    public static byte[] Manifest(string layer, string? subject = null, string? artifactType = null)
    {
        var manifest = new Dictionary<string, object>
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = MediaTypes.OciManifest,
            ["config"] = Part(ConfigType, "{}"u8),
            ["layers"] = new[] { Part(LayerType, Encoding.UTF8.GetBytes(layer)) },
        };
        if (artifactType is not null) manifest["artifactType"] = artifactType;
        if (subject is not null) manifest["subject"] = new { mediaType = MediaTypes.OciManifest, digest = subject, size = 10 };
        return JsonSerializer.SerializeToUtf8Bytes(manifest);
    }

    public static byte[] Index(params (Digest Digest, int Size)[] children) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        schemaVersion = 2,
        mediaType = MediaTypes.OciIndex,
        manifests = children.Select(child => new { mediaType = MediaTypes.OciManifest, digest = child.Digest.ToString(), size = child.Size }),
    });

    private static object Part(string type, ReadOnlySpan<byte> content) =>
        new { mediaType = type, digest = Digest.Of(content).ToString(), size = content.Length };
}
