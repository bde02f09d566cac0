using System.Diagnostics;
using Mesh.Servers;

namespace Mesh.Ingestion.Tests.Senders;

/// <summary>Programs of Node.js in tests/senders; their packages are installed when the first of them runs.</summary>
internal static class NodeProgram
{
    private static readonly Lazy<Task> Packages = new(InstallAsync);

    private static string Folder => Path.Combine(Repository.Root, "tests", "senders", "opentelemetry");

    /// <summary>Runs a program to its end and gives what it printed; it must succeed.</summary>
    public static async Task<string> RunAsync(Dictionary<string, string> environment, params string[] arguments)
    {
        await Packages.Value;
        return await ExecuteAsync("node", environment, arguments);
    }

    // The lock file in node_modules comes last: where it is as old as ours or newer, everything is there.
    private static async Task InstallAsync()
    {
        var installed = new FileInfo(Path.Combine(Folder, "node_modules", ".package-lock.json"));
        if (!installed.Exists || installed.LastWriteTimeUtc < File.GetLastWriteTimeUtc(Path.Combine(Folder, "package-lock.json")))
            await ExecuteAsync("npm", [], "ci");
    }

    private static async Task<string> ExecuteAsync(string command, Dictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(command, arguments) { WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{command} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{await output}\n{await errors}");
        return await output;
    }
}
