using System.Text.Json;

namespace Mesh.Cli.Session;

/// <summary>A stack that `mesh local up` runs on this machine: its folder says where it answers and holds the operator's token.</summary>
public sealed record LocalStack(Uri Api, Uri Router, string Token)
{
    /// <summary>The stack of MESH_HOME, or of `.mesh` in this folder or one above it; null when there is none.</summary>
    public static LocalStack? Find()
    {
        foreach (var folder in Folders())
        {
            var (endpoints, token) = (Path.Combine(folder, "endpoints.json"), Path.Combine(folder, "token"));
            if (!File.Exists(endpoints) || !File.Exists(token)) continue;
            using var json = JsonDocument.Parse(File.ReadAllText(endpoints));
            return new(
                new Uri(json.RootElement.GetProperty("api").GetString()!),
                new Uri(json.RootElement.GetProperty("router").GetString()!),
                File.ReadAllText(token).Trim());
        }
        return null;
    }

    private static IEnumerable<string> Folders()
    {
        if (Environment.GetEnvironmentVariable("MESH_HOME") is { Length: > 0 } home)
        {
            yield return home;
            yield break;
        }
        for (var folder = new DirectoryInfo(Directory.GetCurrentDirectory()); folder is not null; folder = folder.Parent)
            yield return Path.Combine(folder.FullName, ".mesh");
    }
}
