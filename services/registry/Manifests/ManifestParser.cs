using System.Text.Json;
using Mesh.Registry.Blobs;

namespace Mesh.Registry.Manifests;

/// <summary>Reads and checks manifests; pure.</summary>
public static class ManifestParser
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, MaxDepth = 32 };

    /// <summary>
    /// Reads a manifest. The media type is the one that the caller states or, when he states none, the manifest's own;
    /// two different ones are refused.
    /// </summary>
    public static Manifest Parse(ReadOnlyMemory<byte> content, string? mediaType, Digest? expected = null)
    {
        if (content.Length > Manifest.MostBytes) throw RegistryErrors.ManifestTooLarge();
        var digest = expected?.SameAlgorithmOf(content.Span) ?? Digest.Of(content.Span);
        if (expected is not null && digest != expected) throw RegistryErrors.DigestMismatch(expected, digest);

        var json = Deserialize(content);
        var type = string.IsNullOrEmpty(mediaType) ? json.MediaType : mediaType;
        if (json.MediaType is not null && json.MediaType != type)
            throw RegistryErrors.ManifestInvalid($"The manifest says that it is {json.MediaType} but was sent as {type}.");
        if (type is null || !(MediaTypes.IsImage(type) || MediaTypes.IsIndex(type)))
            throw RegistryErrors.ManifestInvalid($"The media type \"{type}\" is not one of the manifests that are stored here.");
        if (json.SchemaVersion != 2) throw RegistryErrors.ManifestInvalid("The manifest's schemaVersion is not 2.");

        return MediaTypes.IsIndex(type) ? Index(json, digest, type, content) : Image(json, digest, type, content);
    }

    private static Manifest Image(ManifestJson json, Digest digest, string type, ReadOnlyMemory<byte> content)
    {
        if (json.Manifests is not null) throw RegistryErrors.ManifestInvalid("An image manifest has no \"manifests\".");
        var config = Read(json.Config ?? throw RegistryErrors.ManifestInvalid("The manifest has no \"config\"."), "config");
        var layers = (json.Layers ?? throw RegistryErrors.ManifestInvalid("The manifest has no \"layers\"."))
            .Select((layer, index) => Read(layer, $"layers[{index}]")).ToList();
        var artifactType = string.IsNullOrEmpty(json.ArtifactType) ? config.MediaType : json.ArtifactType;
        return new Manifest(digest, type, artifactType, config, layers, [], Subject(json), json.Annotations, content);
    }

    private static Manifest Index(ManifestJson json, Digest digest, string type, ReadOnlyMemory<byte> content)
    {
        if (json.Config is not null || json.Layers is not null)
            throw RegistryErrors.ManifestInvalid("An index has neither \"config\" nor \"layers\".");
        var children = (json.Manifests ?? throw RegistryErrors.ManifestInvalid("The index has no \"manifests\"."))
            .Select((child, index) => Read(child, $"manifests[{index}]")).ToList();
        return new Manifest(digest, type, json.ArtifactType, null, [], children, Subject(json), json.Annotations, content);
    }

    private static Digest? Subject(ManifestJson json) => json.Subject is null ? null : Read(json.Subject, "subject").Digest;

    private static Descriptor Read(DescriptorJson? json, string place)
    {
        if (json is null || string.IsNullOrEmpty(json.MediaType)) throw RegistryErrors.ManifestInvalid($"{place} has no \"mediaType\".");
        if (!Digest.TryParse(json.Digest, out var digest)) throw RegistryErrors.ManifestInvalid($"{place} has no valid digest.");
        if (json.Size is not >= 0) throw RegistryErrors.ManifestInvalid($"{place} has no valid size.");
        return new Descriptor(json.MediaType, digest, json.Size.Value, json.ArtifactType, json.Annotations);
    }

    private static ManifestJson Deserialize(ReadOnlyMemory<byte> content)
    {
        try
        {
            return JsonSerializer.Deserialize<ManifestJson>(content.Span, Options)
                ?? throw RegistryErrors.ManifestInvalid("The manifest is not a JSON object.");
        }
        catch (JsonException broken)
        {
            throw RegistryErrors.ManifestInvalid($"The manifest is not valid JSON of a manifest ({broken.Path ?? "at its root"}).");
        }
    }

    private sealed record ManifestJson(
        int SchemaVersion,
        string? MediaType,
        string? ArtifactType,
        DescriptorJson? Config,
        List<DescriptorJson>? Layers,
        List<DescriptorJson>? Manifests,
        DescriptorJson? Subject,
        Dictionary<string, string>? Annotations);

    private sealed record DescriptorJson(
        string? MediaType, string? Digest, long? Size, string? ArtifactType, Dictionary<string, string>? Annotations);
}
