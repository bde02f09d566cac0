using System.Collections.Concurrent;
using System.Formats.Tar;
using System.IO.Compression;
using Mesh.Builder.Images;

namespace Mesh.Builder.Sboms;

/// <summary>The Debian packages of a stack, read from the package database in its layers; once for each stack.</summary>
public sealed class DebianPackages(RegistryClient registry, BuilderOptions options)
{
    private const string Status = "var/lib/dpkg/status";
    private readonly ConcurrentDictionary<string, IReadOnlyList<Component>> known = new();

    public async Task<IReadOnlyList<Component>> OfAsync(Stack stack, CancellationToken cancellationToken)
    {
        if (known.TryGetValue(stack.Digest, out var components))
            return components;
        foreach (var layer in stack.Layers.Reverse())
        {
            if (await StatusOfAsync(stack, layer, cancellationToken) is { } status)
                return known[stack.Digest] = Parse(status);
        }
        return known[stack.Digest] = [];
    }

    /// <summary>The installed packages of a package database.</summary>
    public static IReadOnlyList<Component> Parse(string status)
    {
        var components = new List<Component>();
        foreach (var paragraph in status.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var fields = paragraph.Split('\n').Where(line => line.Length > 0 && line[0] != ' ').Select(line => line.Split(": ", 2))
                .Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => pair[1]);
            if (!fields.GetValueOrDefault("Status", "").EndsWith(" installed", StringComparison.Ordinal))
                continue;
            var (name, version, architecture) = (fields["Package"], fields["Version"], fields.GetValueOrDefault("Architecture", "all"));
            components.Add(new Component(name, version, PackageUrl.Of("deb", "debian", name, version, $"arch={architecture}")));
        }
        return components;
    }

    private async Task<string?> StatusOfAsync(Stack stack, Layer layer, CancellationToken cancellationToken)
    {
        var file = Path.Combine(Directory.CreateDirectory(Path.Combine(options.Data, "stacks")).FullName, $"{Guid.NewGuid():N}.layer");
        try
        {
            await using var content = new FileStream(file, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 17, FileOptions.DeleteOnClose);
            await registry.CopyToAsync(stack.Repository, layer.Blob.Digest, content, cancellationToken);
            content.Position = 0;
            await using var gzip = new GZipStream(content, CompressionMode.Decompress);
            await using var tar = new TarReader(gzip);
            while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
            {
                if (entry.Name.TrimStart('.', '/') == Status && entry.DataStream is { } data)
                    return await new StreamReader(data).ReadToEndAsync(cancellationToken);
            }
            return null;
        }
        finally
        {
            File.Delete(file);
        }
    }
}
