using System.Text.Json.Nodes;
using Mesh.Builder.Detection;
using Mesh.Builder.Images;
using Mesh.Builder.Isolation;

namespace Mesh.Builder.Builds;

/// <summary>Runs the commands of a layer in a sandbox on the stack's root file system.</summary>
public sealed class StepRunner(StackRoots roots, Sandbox sandbox, BuilderOptions options)
{
    public async Task RunAsync(BuildJob job, Stack stack, LayerPlan plan, string folder, CancellationToken cancellationToken)
    {
        var root = await roots.GetAsync(stack, cancellationToken);
        UnixFile.ChangeOwner(folder, LayerWriter.AppUser);
        var binds = Binds(job, stack, folder);
        var environment = Environment(stack);
        for (var i = 0; i < plan.Steps.Count; i++)
        {
            var step = plan.Steps[i];
            await job.Log.LineAsync($"$ {step}", cancellationToken);
            var bundle = job.Folder.Make($"{plan.Name}.{i}");
            var command = new SandboxCommand($"build-{job.Build.Uid:N}", root, bundle, step.Command, environment, binds);
            var exit = await sandbox.RunAsync(command, line => job.Log.LineAsync("  " + line, cancellationToken), cancellationToken);
            if (exit != 0)
                throw new BuildFailedException("COMMAND_FAILED", Explain(step, exit));
        }
    }

    private string Explain(BuildStep step, int exit) => exit == 137
        ? $"'{step}' was killed; it may use {options.MemoryBytes >> 20:N0} MiB of memory."
        : $"'{step}' ended with exit code {exit}. {step.FailureHint}{(options.Network == BuildNetwork.None ? " Builds have no network here." : "")}".TrimEnd();

    private List<Bind> Binds(BuildJob job, Stack stack, string folder)
    {
        var temporary = job.Folder.Make("tmp");
        var cache = Directory.CreateDirectory(Path.Combine(options.Data, "caches", job.Build.Tenant, job.Build.App)).FullName;
        UnixFile.ChangeOwner(temporary, LayerWriter.AppUser);
        UnixFile.ChangeOwnerOfOne(cache, LayerWriter.AppUser);
        List<Bind> binds = [new(folder, "/app", true), new(temporary, "/tmp", true), new(cache, "/cache", true), .. HostSettings.Binds(options.Network)];
        if (stack.Name == "dotnet")
            binds.Add(new Bind(DotnetSdk.Folder(), "/usr/share/dotnet", IsWritable: false));
        return binds;
    }

    private Dictionary<string, string> Environment(Stack stack)
    {
        var environment = JsonNode.Parse(stack.Config)!["config"]!["Env"]!.AsArray()
            .Select(entry => entry!.GetValue<string>().Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        foreach (var (name, value) in HostSettings.Environment(options.Network))
            environment[name] = value;
        environment["HOME"] = "/tmp";
        environment["CI"] = "true";
        environment["NPM_CONFIG_CACHE"] = "/cache/npm";
        environment["PIP_CACHE_DIR"] = "/cache/pip";
        environment["NUGET_PACKAGES"] = "/cache/nuget";
        environment["DOTNET_CLI_HOME"] = "/tmp";
        environment["MSBUILDDISABLENODEREUSE"] = "1";
        environment["UseSharedCompilation"] = "false";
        return environment;
    }
}
