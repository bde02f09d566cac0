using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Mesh.Builder.Builds;
using Mesh.Builder.Isolation;

namespace Mesh.Builder.Images;

/// <summary>
/// The stacks in our registry. Where the builder has a folder of stacks, a stack that is newer there is pushed when a build needs it, and
/// one that is missing is made.
/// </summary>
public sealed class StackCatalog(RegistryClient registry, BuilderOptions options)
{
    private readonly ConcurrentDictionary<string, SemaphoreSlim> locks = new();

    /// <summary>The stack as the registry has it.</summary>
    public async Task<Stack> GetAsync(string name, Func<string, ValueTask> log, CancellationToken cancellationToken)
    {
        var gate = locks.GetOrAdd(name, _ => new SemaphoreSlim(1));
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (options.Stacks is { } folder)
            {
                var layout = new OciLayout(Path.Combine(folder, name));
                if (!layout.Exists && options.StacksCommand is { } command)
                    await MakeAsync(command, name, log, cancellationToken);
                if (layout.Exists)
                    return await PushAsync(name, layout, log, cancellationToken);
            }
            return await FindAsync(name, cancellationToken)
                ?? throw new BuildFailedException("INFRASTRUCTURE", $"There is no stack '{name}' in the registry; an operator makes it with eng/stacks.");
        }
        finally
        {
            gate.Release();
        }
    }

    private async Task<Stack?> FindAsync(string name, CancellationToken cancellationToken)
    {
        var repository = Stack.RepositoryOf(name);
        if (await registry.FindAsync(repository, "latest", cancellationToken) is not { } image)
            return null;
        var manifest = JsonNode.Parse(image.Manifest.Span)!;
        var config = await registry.ReadAsync(repository, manifest["config"]!["digest"]!.GetValue<string>(), cancellationToken);
        return new Stack(name, image.Digest, config, OciLayout.Layers(manifest, config));
    }

    private async Task<Stack> PushAsync(string name, OciLayout layout, Func<string, ValueTask> log, CancellationToken cancellationToken)
    {
        var (manifest, config, layers) = await layout.ReadAsync(cancellationToken);
        var stack = new Stack(name, Digest.Of(manifest), config, layers);
        if (await registry.FindAsync(stack.Repository, "latest", cancellationToken) is { } present && present.Digest == stack.Digest)
            return stack;
        await log($"Pushing stack '{name}' to the registry for the first time.");
        foreach (var layer in layers)
            await registry.UploadAsync(stack.Repository, layer.Blob.Digest, () => File.OpenRead(layout.BlobPath(layer.Blob.Digest)), cancellationToken);
        await registry.UploadAsync(stack.Repository, config, cancellationToken);
        await registry.PutAsync(stack.Repository, manifest, ["latest"], cancellationToken);
        return stack;
    }

    private async Task MakeAsync(string command, string name, Func<string, ValueTask> log, CancellationToken cancellationToken)
    {
        await log($"Stack '{name}' is made for the first time; this takes a minute or two.");
        var environment = ChildProcess.OwnEnvironment();
        environment["MESH_STACKS"] = Path.GetFullPath(options.Stacks!);
        if (Environment.GetEnvironmentVariable("MESH_TOOLS") is { } tools)
            environment["MESH_TOOLS"] = tools;
        var exit = await ChildProcess.RunAsync(command, [name], new ChildOptions { Environment = environment }, log, cancellationToken);
        if (exit != 0)
            throw new BuildFailedException("INFRASTRUCTURE", $"Stack '{name}' could not be made.");
    }
}
