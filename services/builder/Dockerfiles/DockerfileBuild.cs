using System.Collections.Concurrent;
using Mesh.Builder.Builds;
using Mesh.Builder.Images;

namespace Mesh.Builder.Dockerfiles;

/// <summary>Builds as a Dockerfile says. Layers of a stack are not stored again: the image refers to those that the registry has.</summary>
public sealed class DockerfileBuild(StackCatalog stacks, StackExport export, Buildah buildah) : IDisposable
{
    private readonly ConcurrentDictionary<string, string> imported = new();
    private readonly SemaphoreSlim importing = new(1);

    public async Task<Image> RunAsync(BuildJob job, CancellationToken cancellationToken)
    {
        var file = Path.Combine(job.Folder.Source, "Dockerfile");
        if (!UnixFile.IsRegular(file))
            throw new BuildFailedException("SOURCE_INVALID", "The Dockerfile must be a file, not a link.");
        var used = new List<Stack>();
        foreach (var name in DockerfileReader.Stacks(await File.ReadAllTextAsync(file, cancellationToken)))
            used.Add(await ImportAsync(job, name, cancellationToken));

        var tag = $"localhost/build-{job.Build.Uid:N}:latest";
        try
        {
            var exit = await buildah.BuildAsync(job.Folder.Source, tag, line => job.Log.LineAsync("  " + line, cancellationToken), cancellationToken);
            if (exit != 0)
                throw new BuildFailedException("COMMAND_FAILED", $"The Dockerfile could not be built: exit code {exit}. The lines above say why.");
            var folder = job.Folder.Make("image");
            await buildah.ExportAsync(tag, folder, cancellationToken);
            return await ReadAsync(new OciLayout(folder), used, cancellationToken);
        }
        finally
        {
            await buildah.RemoveAsync(tag);
        }
    }

    public void Dispose() => importing.Dispose();

    private async Task<Stack> ImportAsync(BuildJob job, string name, CancellationToken cancellationToken)
    {
        var stack = await stacks.GetAsync(name, line => job.Log.LineAsync(line, cancellationToken), cancellationToken);
        await importing.WaitAsync(cancellationToken);
        try
        {
            if (imported.GetValueOrDefault(name) != stack.Digest)
            {
                await buildah.ImportAsync(await export.GetAsync(stack, cancellationToken), name, cancellationToken);
                imported[name] = stack.Digest;
            }
        }
        finally
        {
            importing.Release();
        }
        return stack;
    }

    private static async Task<Image> ReadAsync(OciLayout layout, IReadOnlyList<Stack> used, CancellationToken cancellationToken)
    {
        var (_, config, layers) = await layout.ReadAsync(cancellationToken);
        var below = used.FirstOrDefault(stack => layers.Take(stack.Layers.Count).Select(layer => layer.DiffId).SequenceEqual(stack.Layers.Select(layer => layer.DiffId)));
        var shared = below?.Layers ?? [];
        return new Image(
            config,
            [
                .. shared.Select(layer => new ImageLayer(layer, IsOfStack: true)),
                .. layers.Skip(shared.Count).Select(layer => new ImageLayer(layer, layout.BlobPath(layer.Blob.Digest))),
            ],
            below);
    }
}
