using System.Diagnostics;

namespace Mesh.Agent.Runtime.Shim;

/// <summary>Starts shims. The agent's own environment holds the cluster key, so a shim gets none of it.</summary>
public sealed class ShimLauncher
{
    public void Launch(ContainerFolder folder, ShimSpec spec)
    {
        var (program, arguments) = Program();
        ShimFiles.Write(folder.ShimSpec, spec, ShimJson.Default.ShimSpec);
        var start = new ProcessStartInfo(program, [.. arguments, "shim", folder.Path])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        var inherited = new Dictionary<string, string?>(start.Environment);
        start.Environment.Clear();
        foreach (var name in (string[])["PATH", "DOTNET_ROOT", "HOME"])
            if (inherited.TryGetValue(name, out var value)) start.Environment[name] = value;
        // One small process per allocation: no server heap, no background collector, no second compilation of hot code.
        start.Environment["DOTNET_gcServer"] = "0";
        start.Environment["DOTNET_gcConcurrent"] = "0";
        start.Environment["DOTNET_GCHeapHardLimit"] = "0x4000000";
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        Process.Start(start)?.Dispose();
    }

    private static (string Program, string[] Arguments) Program()
    {
        var self = Environment.ProcessPath ?? "dotnet";
        return Path.GetFileName(self) == "Mesh.Agent" ? (self, []) : (self, [Path.Combine(AppContext.BaseDirectory, "Mesh.Agent.dll")]);
    }
}
