using Mesh.Builder.Builds;
using Mesh.Builder.Isolation;

namespace Mesh.Builder.Dockerfiles;

/// <summary>Calls buildah with a storage and settings of the builder's own: it pulls from nowhere.</summary>
public sealed class Buildah
{
    private const string Program = "buildah";
    private readonly string folder;
    private readonly bool hasNetwork;

    public Buildah(BuilderOptions options)
    {
        folder = Path.Combine(options.Data, "containers");
        hasNetwork = options.Network == BuildNetwork.Host;
        Directory.CreateDirectory(Path.Combine(folder, "tmp"));
        File.WriteAllText(Path.Combine(folder, "policy.json"), """{"default":[{"type":"insecureAcceptAnything"}]}""");
        File.WriteAllText(Path.Combine(folder, "registries.conf"), "unqualified-search-registries = [\"localhost\"]\nshort-name-mode = \"disabled\"\n");
    }

    /// <summary>Makes a stack known under the name by which Dockerfiles call it.</summary>
    public async Task ImportAsync(string layout, string name, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        await RunAsync(["pull", "--quiet", .. Policy, $"oci:{layout}:latest"], Collect(lines), cancellationToken);
        await RunAsync(["tag", lines[^1].Trim(), $"localhost/stacks/{name}:latest"], Collect(lines), cancellationToken);
    }

    /// <summary>Builds; the exit code is buildah's.</summary>
    public Task<int> BuildAsync(string context, string tag, Func<string, ValueTask> line, CancellationToken cancellationToken)
    {
        // A command of a Dockerfile runs as root in a change-root: what leads out of one is taken from it.
        string[] build =
        [
            "build", .. Policy, "--isolation", "chroot", "--pull-never", "--layers=false", "--timestamp", "0", "--format", "oci",
            "--cap-drop", "CAP_SYS_CHROOT", "--cap-drop", "CAP_MKNOD", "--cap-drop", "CAP_NET_RAW", "--tag", tag, "--file", Path.Combine(context, "Dockerfile"), context,
        ];
        return hasNetwork
            ? StartAsync(Program, [.. Storage, .. build], line, cancellationToken)
            : StartAsync("unshare", ["--net", "--", Program, .. Storage, .. build], line, cancellationToken);
    }

    public Task ExportAsync(string tag, string layout, CancellationToken cancellationToken) =>
        RunAsync(["push", "--quiet", .. Policy, tag, $"oci:{layout}:latest"], Collect([]), cancellationToken);

    public Task RemoveAsync(string tag) => StartAsync(Program, [.. Storage, "rmi", "--force", tag], Collect([]), CancellationToken.None);

    private string[] Storage => ["--root", Path.Combine(folder, "root"), "--runroot", Path.Combine(folder, "run"), "--storage-driver", "overlay"];

    private string[] Policy => ["--signature-policy", Path.Combine(folder, "policy.json")];

    private static Func<string, ValueTask> Collect(List<string> lines) => line =>
    {
        lines.Add(line);
        return ValueTask.CompletedTask;
    };

    private async Task RunAsync(string[] arguments, Func<string, ValueTask> line, CancellationToken cancellationToken)
    {
        var last = "";
        var exit = await StartAsync(Program, [.. Storage, .. arguments], text => line(last = text), cancellationToken);
        if (exit != 0)
            throw new IOException($"buildah {arguments[0]} ended with exit code {exit}: {last}");
    }

    private async Task<int> StartAsync(string program, string[] arguments, Func<string, ValueTask> line, CancellationToken cancellationToken)
    {
        var environment = new Dictionary<string, string>
        {
            ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/sbin:/usr/bin:/sbin:/bin",
            ["HOME"] = folder,
            ["TMPDIR"] = Path.Combine(folder, "tmp"),
            ["CONTAINERS_REGISTRIES_CONF"] = Path.Combine(folder, "registries.conf"),
        };
        foreach (var (name, value) in HostSettings.Environment(hasNetwork ? BuildNetwork.Host : BuildNetwork.None))
            environment[name] = value;
        try
        {
            return await ChildProcess.RunAsync(program, arguments, new ChildOptions { Environment = environment }, line, cancellationToken);
        }
        catch (IOException error) when (error.InnerException is System.ComponentModel.Win32Exception)
        {
            throw new BuildFailedException("INFRASTRUCTURE", $"Dockerfiles are built with buildah, and there is no {program} on the builder's machine.", error);
        }
    }
}
