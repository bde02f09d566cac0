using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mesh.Builder.Builds;
using Mesh.Common.Names;

namespace Mesh.Builder.Images;

/// <summary>Puts a finished image and its SBOM into the app's repository. The manifest comes last: nobody sees half an image.</summary>
public sealed class ImagePush(RegistryClient registry)
{
    /// <summary>Pushes, and answers the image by digest: <c>{tenant}/{app}@sha256:{hex}</c>.</summary>
    public async Task<string> PushAsync(BuildJob job, Image image, byte[] sbom, CancellationToken cancellationToken)
    {
        var repository = job.Repository;
        foreach (var layer in image.Layers)
            await PushLayerAsync(job, repository, image.Stack, layer, cancellationToken);
        await registry.UploadAsync(repository, image.Config, cancellationToken);
        var manifest = image.Manifest();
        var digest = await registry.PutAsync(repository, manifest, ["latest", $"build-{job.Build.Uid}"], cancellationToken);
        await PushSbomAsync(repository, manifest, digest, sbom, cancellationToken);
        return $"{repository.OciName}@{digest}";
    }

    private async Task PushLayerAsync(BuildJob job, RepositoryName repository, Stack? stack, ImageLayer layer, CancellationToken cancellationToken)
    {
        var blob = layer.Layer.Blob;
        if (layer.IsOfStack)
        {
            if (!await registry.MountAsync(repository, blob.Digest, stack!.Repository, cancellationToken))
                throw new IOException($"The registry has lost layer {blob.Digest} of stack {stack.Name}.");
        }
        else if (layer.File is { } file)
        {
            if (await registry.UploadAsync(repository, blob.Digest, () => File.OpenRead(file), cancellationToken))
                await job.Log.LineAsync($"Uploaded layer {blob.Digest[..19]}, {blob.Size:N0} bytes.", cancellationToken);
            else
                await job.Log.LineAsync($"Layer {blob.Digest[..19]} is in the registry already.", cancellationToken);
        }
    }

    private async Task PushSbomAsync(RepositoryName repository, byte[] subject, string subjectDigest, byte[] sbom, CancellationToken cancellationToken)
    {
        var empty = "{}"u8.ToArray();
        await registry.UploadAsync(repository, empty, cancellationToken);
        await registry.UploadAsync(repository, sbom, cancellationToken);
        var manifest = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = MediaTypes.Manifest,
            ["artifactType"] = MediaTypes.CycloneDx,
            ["config"] = JsonSerializer.SerializeToNode(new Descriptor(MediaTypes.Empty, Digest.Of(empty), empty.Length)),
            ["layers"] = new JsonArray(JsonSerializer.SerializeToNode(new Descriptor(MediaTypes.CycloneDx, Digest.Of(sbom), sbom.Length))),
            ["subject"] = JsonSerializer.SerializeToNode(new Descriptor(MediaTypes.Manifest, subjectDigest, subject.Length)),
        };
        await registry.PutAsync(repository, Encoding.UTF8.GetBytes(manifest.ToJsonString()), [], cancellationToken);
    }
}
