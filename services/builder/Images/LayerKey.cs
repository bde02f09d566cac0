using System.Security.Cryptography;
using System.Text;
using Mesh.Builder.Detection;

namespace Mesh.Builder.Images;

/// <summary>What a layer depends on, as one digest: the stack, the commands and the inputs by name, kind and content.</summary>
public static class LayerKey
{
    public static async Task<string> OfAsync(Stack stack, LayerPlan plan, string folder, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, "layer/1", stack.Digest, plan.Output, plan.Target);
        foreach (var step in plan.Steps)
            Add(hash, [.. step.Command]);
        var all = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, MaxRecursionDepth = int.MaxValue };
        var paths = plan.Inputs.Count > 0 ? plan.Inputs : [.. Directory.EnumerateFileSystemEntries(folder, "*", all).Select(path => Path.GetRelativePath(folder, path))];
        foreach (var path in paths.Order(StringComparer.Ordinal))
            await AddAsync(hash, path, new FileInfo(Path.Combine(folder, path)), cancellationToken);
        return Digest.FromHash(hash.GetCurrentHash());
    }

    private static async Task AddAsync(IncrementalHash hash, string path, FileInfo file, CancellationToken cancellationToken)
    {
        if (file.LinkTarget is { } target)
        {
            Add(hash, "link", path, target);
        }
        else if (file.Attributes.HasFlag(FileAttributes.Directory))
        {
            Add(hash, "folder", path);
        }
        else
        {
            await using var content = file.OpenRead();
            var executable = file.UnixFileMode.HasFlag(UnixFileMode.UserExecute);
            Add(hash, executable ? "program" : "file", path, await Digest.OfAsync(content, cancellationToken));
        }
    }

    private static void Add(IncrementalHash hash, params string[] words)
    {
        foreach (var word in words)
        {
            var bytes = Encoding.UTF8.GetBytes(word);
            hash.AppendData(BitConverter.GetBytes(bytes.Length));
            hash.AppendData(bytes);
        }
        hash.AppendData([0xff]);
    }
}
