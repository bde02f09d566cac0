using System.Diagnostics;
using Mesh.Servers;

namespace Mesh.Builder.Tests;

/// <summary>Where eng/stacks keeps the stacks of this machine: they take a minute to make and are made once.</summary>
internal static class StackFolder
{
    private static readonly Lazy<string> Folder = new(Ask);

    public static string Path => Folder.Value;

    private static string Ask()
    {
        var info = new ProcessStartInfo(System.IO.Path.Combine(Repository.Root, "eng", "stacks"), ["--folder"]) { RedirectStandardOutput = true };
        using var process = Process.Start(info)!;
        return process.StandardOutput.ReadToEnd().Trim();
    }
}
