using Mesh.Builder.Builds;

namespace Mesh.Builder.Isolation;

/// <summary>The .NET SDK of the builder's machine, which builds see read-only: the stack itself holds only the runtime.</summary>
internal static class DotnetSdk
{
    public static string Folder()
    {
        var candidates = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Prepend(Environment.GetEnvironmentVariable("DOTNET_ROOT") ?? "");
        foreach (var candidate in candidates.Where(folder => folder.Length > 0).Select(folder => new FileInfo(Path.Combine(folder, "dotnet"))).Where(file => file.Exists))
        {
            var folder = Path.GetDirectoryName((candidate.ResolveLinkTarget(returnFinalTarget: true) ?? candidate).FullName)!;
            if (Directory.Exists(Path.Combine(folder, "sdk")))
                return folder;
        }
        throw new BuildFailedException("INFRASTRUCTURE", "The builder's machine has no .NET SDK.");
    }
}
