using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;

namespace Mesh.Builder.Sboms;

/// <summary>What the lock files and project files at the top of a source name. A file that cannot be read names nothing.</summary>
public static partial class LockFiles
{
    private const long MaxBytes = 32 << 20;

    public static IReadOnlyList<Component> Read(string folder)
    {
        var components = new List<Component>();
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles().Where(file => file.LinkTarget is null && file.Length <= MaxBytes))
        {
            try
            {
                components.AddRange(ReadOne(file));
            }
            catch (Exception error) when (error is JsonException or XmlException or InvalidOperationException or KeyNotFoundException)
            {
                // The build has had its say about malformed files; an SBOM lists what is known.
            }
        }
        return components;
    }

    private static IReadOnlyList<Component> ReadOne(FileInfo file) => file.Name switch
    {
        "package-lock.json" or "npm-shrinkwrap.json" => Npm(File.ReadAllText(file.FullName)),
        "requirements.txt" => Python(File.ReadAllText(file.FullName)),
        "packages.lock.json" => NuGetLock(File.ReadAllText(file.FullName)),
        _ when file.Extension is ".csproj" or ".fsproj" => NuGetProject(File.ReadAllText(file.FullName)),
        _ => [],
    };

    public static IReadOnlyList<Component> Npm(string text)
    {
        using var document = JsonDocument.Parse(text);
        var components = new List<Component>();
        if (!document.RootElement.TryGetProperty("packages", out var packages))
            return components;
        foreach (var package in packages.EnumerateObject())
        {
            var start = package.Name.LastIndexOf("node_modules/", StringComparison.Ordinal);
            var isDevelopment = package.Value.TryGetProperty("dev", out var dev) && dev.ValueKind == JsonValueKind.True;
            if (start < 0 || isDevelopment || Text(package.Value, "version") is not { } version)
                continue;
            // A package under another name than its own says its own.
            var name = Text(package.Value, "name") ?? package.Name[(start + "node_modules/".Length)..];
            if (name.Length > 0)
                components.Add(Npm(name, version));
        }
        return components;
    }

    private static Component Npm(string name, string version)
    {
        var scope = name.StartsWith('@') ? name.IndexOf('/', StringComparison.Ordinal) : -1;
        var (group, rest) = scope < 0 ? ("", name) : (name[..scope], name[(scope + 1)..]);
        return new Component(name, version, PackageUrl.Of("npm", group.ToLowerInvariant(), rest.ToLowerInvariant(), version));
    }

    public static IReadOnlyList<Component> Python(string text) =>
    [
        .. Requirement().Matches(text).Select(match => (Name: match.Groups[1].Value, Version: match.Groups[2].Value))
            .Select(found => new Component(found.Name, found.Version, PackageUrl.Of("pypi", "", Separators().Replace(found.Name, "-").ToLowerInvariant(), found.Version))),
    ];

    public static IReadOnlyList<Component> NuGetProject(string text) =>
    [
        .. XDocument.Parse(text).Descendants().Where(element => element.Name.LocalName == "PackageReference")
            .Select(element => (Name: element.Attribute("Include")?.Value, Version: element.Attribute("Version")?.Value))
            .Where(found => found.Name is not null && found.Version is not null && ExactVersion().IsMatch(found.Version))
            .Select(found => NuGet(found.Name!, found.Version!)),
    ];

    public static IReadOnlyList<Component> NuGetLock(string text)
    {
        using var document = JsonDocument.Parse(text);
        return
        [
            .. document.RootElement.GetProperty("dependencies").EnumerateObject().SelectMany(framework => framework.Value.EnumerateObject())
                .Where(package => Text(package.Value, "resolved") is not null)
                .Select(package => NuGet(package.Name, Text(package.Value, "resolved")!)),
        ];
    }

    private static string? Text(JsonElement entry, string property) => entry.TryGetProperty(property, out var value) ? value.GetString() : null;

    private static Component NuGet(string name, string version) => new(name, version, PackageUrl.Of("nuget", "", name, version));

    [GeneratedRegex(@"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*==\s*([A-Za-z0-9.!+_-]+)", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Requirement();

    // What PyPI takes for the same.
    [GeneratedRegex("[-_.]+", RegexOptions.CultureInvariant)]
    private static partial Regex Separators();

    // Neither a range, nor a pattern, nor a property of the project.
    [GeneratedRegex(@"\A[0-9]+(\.[0-9]+)*(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex ExactVersion();
}
