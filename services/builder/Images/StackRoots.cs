using Mesh.Builder.Isolation;

namespace Mesh.Builder.Images;

/// <summary>The stacks' root file systems, unpacked once, for the commands of builds to run on.</summary>
public sealed class StackRoots(RegistryClient registry, BuilderOptions options) : IDisposable
{
    // Empty files and folders that mounts of a sandbox cover.
    private static readonly string[] Folders = ["app", "tmp", "cache", "proc", "dev", "sys", "usr/share/dotnet"];
    private static readonly string[] Files = ["etc/resolv.conf", "etc/hosts", "etc/ssl/certs/ca-certificates.crt"];

    private readonly SemaphoreSlim one = new(1);

    /// <summary>The folder with the stack's files.</summary>
    public async Task<string> GetAsync(Stack stack, CancellationToken cancellationToken)
    {
        var root = Path.Combine(options.Data, "stacks", Digest.Hex(stack.Digest));
        await one.WaitAsync(cancellationToken);
        try
        {
            if (!Directory.Exists(root))
                await UnpackAsync(stack, root, cancellationToken);
            return root;
        }
        finally
        {
            one.Release();
        }
    }

    public void Dispose() => one.Dispose();

    private async Task UnpackAsync(Stack stack, string root, CancellationToken cancellationToken)
    {
        var unfinished = root + ".unfinished";
        if (Directory.Exists(unfinished))
            Directory.Delete(unfinished, recursive: true);
        Directory.CreateDirectory(unfinished);
        foreach (var layer in stack.Layers)
            await UnpackAsync(stack, layer, unfinished, cancellationToken);
        foreach (var folder in Folders)
            Directory.CreateDirectory(Path.Combine(unfinished, folder));
        foreach (var file in Files.Select(file => Path.Combine(unfinished, file)).Where(file => !File.Exists(file)))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllBytesAsync(file, [], cancellationToken);
        }
        Directory.Move(unfinished, root);
    }

    // Stacks come from the platform's operator: their archives are trusted, and keep owners and modes.
    private async Task UnpackAsync(Stack stack, Layer layer, string root, CancellationToken cancellationToken)
    {
        var archive = root + ".layer";
        try
        {
            await using (var file = File.Create(archive))
                await registry.CopyToAsync(stack.Repository, layer.Blob.Digest, file, cancellationToken);
            var lines = new List<string>();
            var exit = await ChildProcess.RunAsync(
                "tar", ["-C", root, "--numeric-owner", "--same-owner", "-xzpf", archive], new ChildOptions(),
                line => { lines.Add(line); return ValueTask.CompletedTask; }, cancellationToken);
            if (exit != 0)
                throw new IOException($"Layer {layer.Blob.Digest} of stack {stack.Name} cannot be unpacked: {string.Join("; ", lines.Take(3))}");
        }
        finally
        {
            File.Delete(archive);
        }
        foreach (var whiteout in Directory.EnumerateFiles(root, ".wh.*", SearchOption.AllDirectories).ToArray())
            Remove(whiteout);
    }

    private static void Remove(string whiteout)
    {
        var hidden = Path.Combine(Path.GetDirectoryName(whiteout)!, Path.GetFileName(whiteout)[4..]);
        if (Directory.Exists(hidden) && new DirectoryInfo(hidden).LinkTarget is null)
            Directory.Delete(hidden, recursive: true);
        else
            File.Delete(hidden);
        File.Delete(whiteout);
    }
}
