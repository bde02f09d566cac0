using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Mesh.Registry.Repositories;

namespace Mesh.Registry.Manifests;

/// <summary>Between the domain and the wire.</summary>
internal static class ImageMapping
{
    public static V1.Image ToWire(this StoredManifest stored, RepositoryPath path, bool withContent)
    {
        var manifest = ManifestParser.Parse(stored.Content, stored.MediaType, stored.Digest);
        var image = new V1.Image
        {
            Name = $"{path.ResourceName}/images/{stored.Digest}",
            Digest = stored.Digest.ToString(),
            MediaType = stored.MediaType,
            ArtifactType = manifest.ArtifactType ?? "",
            Manifest = withContent ? UnsafeByteOperations.UnsafeWrap(stored.Content) : ByteString.Empty,
            Config = manifest.Config?.ToWire(),
            SizeBytes = (manifest.Config?.Size ?? 0) + manifest.Layers.Sum(layer => layer.Size),
            CreateTime = stored.PushTime.ToTimestamp(),
            Subject = manifest.Subject?.ToString() ?? "",
        };
        image.Layers.Add((manifest.Config is null ? manifest.Children : manifest.Layers).Select(ToWire));
        image.Tags.Add(stored.Tags);
        return image;
    }

    public static V1.ContentDescriptor ToWire(this Descriptor part)
    {
        var wire = new V1.ContentDescriptor
        {
            MediaType = part.MediaType,
            Digest = part.Digest.ToString(),
            SizeBytes = part.Size,
            ArtifactType = part.ArtifactType ?? "",
        };
        if (part.Annotations is not null) wire.Annotations.Add(new Dictionary<string, string>(part.Annotations));
        return wire;
    }

    public static V1.Tag ToWire(this Tag tag) => new() { Tag_ = tag.Name, Digest = tag.Digest.ToString(), UpdateTime = tag.UpdateTime.ToTimestamp() };

    public static V1.Repository ToWire(this Repository repository) => new()
    {
        Name = repository.Path.ResourceName,
        ManifestCount = repository.ManifestCount,
        SizeBytes = repository.SizeBytes,
        CreateTime = repository.CreateTime.ToTimestamp(),
        UpdateTime = repository.UpdateTime.ToTimestamp(),
    };
}
