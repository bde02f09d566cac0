using System.Globalization;
using Mesh.Agent.Runtime.Shim;

namespace Mesh.Agent.Runtime;

/// <summary>Containers by runc: an overlay of the image's layers, namespaces, control groups.</summary>
public sealed class RuncRuntime(string runc, string stateFolder, string layerFolder, Cgroups cgroups) : IContainerRuntime
{
    // Mount options are one page: 4,096 bytes for all layers and the two writable folders.
    private const int MostLayers = 56;

    public string Name => "runc";

    public string Description => $"Containers by runc, cgroup version {cgroups.Version}, network of the host.";

    public bool UsesOverlay => true;

    public string LayerFolder => layerFolder;

    public ShimSpec Prepare(ContainerSpec spec, ContainerFolder folder)
    {
        if (spec.Layers.Count > MostLayers) throw new RuntimeException($"The image has {spec.Layers.Count} layers; at most {MostLayers} can be mounted.");
        var user = ImageUser.Find(spec.User, [.. spec.Layers.Select(layer => Path.Combine(layerFolder, layer))]);
        NetworkFiles.Write(folder, spec.HostName);
        File.WriteAllText(folder.OciConfig, OciConfig.Create(spec, folder, cgroups.Group(spec.Id), user).ToJsonString());
        Directory.CreateDirectory(Path.Combine(layerFolder, "empty"));
        return new(
            new OverlayMount(layerFolder, spec.Layers.Count == 0 ? ["empty"] : spec.Layers, folder.Upper, folder.Work, folder.Rootfs),
            [
                runc, "--root", stateFolder, "--log", folder.RuntimeLog, "--log-format", "json",
                "run", "--detach", "--bundle", folder.Path, "--pid-file", folder.PidFile, spec.Id,
            ],
            new Dictionary<string, string> { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin" },
            folder.Path,
            UsesPidFile: true,
            cgroups.OomFile(spec.Id),
            [runc, "--root", stateFolder, "delete", "--force", spec.Id]);
    }

    /// <summary>
    /// A process that handles SIGTERM gets it. The first process of a pid namespace that does not handle it never sees
    /// it, where any other process would end: then all its descendants get the signal, and if there are none it is killed.
    /// </summary>
    public void Terminate(string id, ContainerFolder folder)
    {
        var processes = cgroups.Processes(id);
        if (First(folder, processes) is not { } first)
        {
            Kill(id, folder);
            return;
        }

        var others = processes.Where(process => process != first).ToList();
        if (HandlesTerm(first)) Linux.Kill(first, Linux.SigTerm);
        else if (others.Count == 0) Linux.Kill(first, Linux.SigKill);
        else others.ForEach(process => Linux.Kill(process, Linux.SigTerm));
    }

    public void Kill(string id, ContainerFolder folder)
    {
        foreach (var process in cgroups.Processes(id)) Linux.Kill(process, Linux.SigKill);
    }

    public async Task<int> ExecuteAsync(string id, ContainerFolder folder, IReadOnlyList<string> command, CancellationToken cancellation)
    {
        var pidFile = Path.Combine(folder.Path, $"exec-{Guid.CreateVersion7():n}.pid");
        try
        {
            return await ProgramRun.RunAsync(runc, ["--root", stateFolder, "exec", "--pid-file", pidFile, id, .. command], cancellation);
        }
        catch (OperationCanceledException) when (File.Exists(pidFile))
        {
            // Where it is not written yet, nothing has begun.
            if (int.TryParse(await File.ReadAllTextAsync(pidFile, CancellationToken.None), CultureInfo.InvariantCulture, out var process))
                Linux.Kill(process, Linux.SigKill);
            throw;
        }
        finally
        {
            File.Delete(pidFile);
        }
    }

    public ContainerUsage? ReadUsage(string id, ContainerFolder folder) => cgroups.ReadUsage(id);

    public async Task RemoveAsync(string id, ContainerFolder folder, CancellationToken cancellation)
    {
        Kill(id, folder);
        if (Directory.Exists(Path.Combine(stateFolder, id)))
            await ProgramRun.RunAsync(runc, ["--root", stateFolder, "delete", "--force", id], cancellation);
        for (var attempt = 0; attempt < 50 && cgroups.Processes(id).Count > 0; attempt++)
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellation);
        cgroups.Remove(id);
    }

    public IReadOnlyCollection<string> Traces() =>
        [.. cgroups.Ids(), .. Directory.Exists(stateFolder) ? Directory.EnumerateDirectories(stateFolder).Select(path => Path.GetFileName(path)) : []];

    private static int? First(ContainerFolder folder, IReadOnlyList<int> processes) =>
        ShimFiles.Read(folder.Started, ShimJson.Default.ShimStart) is { } start && processes.Contains(start.ProcessId) ? start.ProcessId : null;

    private static bool HandlesTerm(int process)
    {
        try
        {
            var caught = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("SigCgt:", StringComparison.Ordinal));
            return (ulong.Parse(caught.AsSpan(7).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & (1UL << (Linux.SigTerm - 1))) != 0;
        }
        catch (Exception gone) when (gone is IOException or InvalidOperationException)
        {
            return true;
        }
    }
}
