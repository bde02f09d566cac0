using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mesh.Agent.Images;

/// <summary>The parts of an OCI image manifest, or of an index of them, that the agent uses.</summary>
internal sealed record ImageManifest(ManifestEntry? Config, IReadOnlyList<ManifestEntry>? Layers, IReadOnlyList<ManifestEntry>? Manifests)
{
    public static ImageManifest Parse(byte[] json) => ImageJson.Parse(json, ImageJson.Default.ImageManifest, "manifest");
}

internal sealed record ManifestEntry(string MediaType, string Digest, long Size, ContentPlatform? Platform);

internal sealed record ContentPlatform(string? Architecture, string? Os);

/// <summary>The parts of an OCI image configuration that the agent uses.</summary>
internal sealed record ImageConfig(ImageDefaults? Config, ImageRootfs? Rootfs)
{
    public static ImageConfig Parse(byte[] json) => ImageJson.Parse(json, ImageJson.Default.ImageConfig, "configuration");
}

/// <summary>What an image says about its process.</summary>
public sealed record ImageDefaults(
    [property: JsonPropertyName("User")] string? User,
    [property: JsonPropertyName("Env")] IReadOnlyList<string>? Env,
    [property: JsonPropertyName("Entrypoint")] IReadOnlyList<string>? Entrypoint,
    [property: JsonPropertyName("Cmd")] IReadOnlyList<string>? Cmd,
    [property: JsonPropertyName("WorkingDir")] string? WorkingDir);

internal sealed record ImageRootfs([property: JsonPropertyName("diff_ids")] IReadOnlyList<string>? DiffIds);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ImageManifest))]
[JsonSerializable(typeof(ImageConfig))]
internal sealed partial class ImageJson : JsonSerializerContext
{
    public static T Parse<T>(byte[] json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, string what)
    {
        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw new ImageException($"The image's {what} is empty.");
        }
        catch (JsonException e)
        {
            throw new ImageException($"The image's {what} is malformed: {e.Message}", e);
        }
    }
}
