using System.Text.Json;

namespace Mesh.Servers;

/// <summary>Where <c>eng/setup</c> has put the foreign programs, by name (<c>consul</c>, <c>postgres</c>, <c>nginx</c>, …).</summary>
public static class Tools
{
    private static readonly Lazy<Dictionary<string, string>> Paths = new(Read);

    /// <summary>The path of a tool that must be there.</summary>
    /// <exception cref="MissingPrerequisiteException">The tool is not there.</exception>
    public static string Require(string name) =>
        Find(name) ?? throw new MissingPrerequisiteException($"{name} is not here; run eng/setup");

    /// <summary>The path of a tool, or null where it is not there.</summary>
    public static string? Find(string name) => Paths.Value.TryGetValue(name, out var path) && Path.Exists(path) ? path : null;

    private static Dictionary<string, string> Read()
    {
        var file = Path.Combine(Repository.Root, "artifacts", "tools.json");
        if (!File.Exists(file))
            throw new MissingPrerequisiteException("the tools have not been fetched; run eng/setup");
        return JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(file))!;
    }
}
