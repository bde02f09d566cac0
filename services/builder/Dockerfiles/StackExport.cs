using System.Text.Json;
using System.Text.Json.Nodes;
using Mesh.Builder.Images;

namespace Mesh.Builder.Dockerfiles;

/// <summary>Stacks as OCI layout folders, for foreign tools: the one that eng/stacks made, or one filled from the registry.</summary>
public sealed class StackExport(RegistryClient registry, BuilderOptions options)
{
    public async Task<string> GetAsync(Stack stack, CancellationToken cancellationToken)
    {
        if (options.Stacks is { } made && await IsAsync(Path.Combine(made, stack.Name), stack, cancellationToken))
            return Path.GetFullPath(Path.Combine(made, stack.Name));
        var folder = Path.Combine(options.Data, "stacks", Digest.Hex(stack.Digest) + ".oci");
        if (!new OciLayout(folder).Exists)
            await WriteAsync(stack, folder, cancellationToken);
        return folder;
    }

    private static async Task<bool> IsAsync(string folder, Stack stack, CancellationToken cancellationToken)
    {
        var layout = new OciLayout(folder);
        return layout.Exists && Digest.Of((await layout.ReadAsync(cancellationToken)).Manifest) == stack.Digest;
    }

    private async Task WriteAsync(Stack stack, string folder, CancellationToken cancellationToken)
    {
        var layout = new OciLayout(folder);
        Directory.CreateDirectory(Path.Combine(folder, "blobs", "sha256"));
        foreach (var blob in stack.Layers.Select(layer => layer.Blob.Digest).Append(stack.Digest))
        {
            await using var file = File.Create(layout.BlobPath(blob));
            if (blob == stack.Digest)
                await file.WriteAsync((await registry.FindAsync(stack.Repository, blob, cancellationToken))!.Manifest.Memory, cancellationToken);
            else
                await registry.CopyToAsync(stack.Repository, blob, file, cancellationToken);
        }
        await File.WriteAllBytesAsync(layout.BlobPath(Digest.Of(stack.Config)), stack.Config, cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""", cancellationToken);
        var manifest = new Descriptor(MediaTypes.Manifest, stack.Digest, new FileInfo(layout.BlobPath(stack.Digest)).Length);
        var entry = JsonSerializer.SerializeToNode(manifest)!.AsObject();
        entry["annotations"] = new JsonObject { ["org.opencontainers.image.ref.name"] = "latest" };
        var index = new JsonObject { ["schemaVersion"] = 2, ["manifests"] = new JsonArray(entry) };
        await File.WriteAllTextAsync(Path.Combine(folder, "index.json"), index.ToJsonString(), cancellationToken);
    }
}
