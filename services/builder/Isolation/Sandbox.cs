using Mesh.Builder.Builds;

namespace Mesh.Builder.Isolation;

/// <summary>One command to run in isolation.</summary>
/// <param name="Id">Names the container; unique among all that run.</param>
/// <param name="RootFolder">The root file system, which stays as it is.</param>
/// <param name="Bundle">An empty folder for the runtime's own files.</param>
/// <param name="Command">The program and its arguments.</param>
/// <param name="Environment">The whole environment.</param>
/// <param name="Binds">Folders and files of the host that are seen inside.</param>
public sealed record SandboxCommand(
    string Id, string RootFolder, string Bundle, IReadOnlyList<string> Command, IReadOnlyDictionary<string, string> Environment, IReadOnlyList<Bind> Binds);

/// <summary>A folder or file of the host inside a sandbox.</summary>
public sealed record Bind(string Source, string Target, bool IsWritable);

/// <summary>
/// Runs commands of builds with runc: as a user without any capability, on a root file system that cannot be written, with limits of memory and
/// processes, and without a network unless the operator allows the host's.
/// </summary>
public sealed class Sandbox(BuilderOptions options)
{
    private const string Runtime = "runc";
    private readonly string state = Path.Combine(options.Data, "runc");

    /// <summary>The exit code of the command. Nothing of it runs on when this returns or throws.</summary>
    public async Task<int> RunAsync(SandboxCommand command, Func<string, ValueTask> line, CancellationToken cancellationToken)
    {
        if (!Environment.IsPrivilegedProcess)
            throw new BuildFailedException("INFRASTRUCTURE", "Commands of builds run in containers, which need a builder that runs as root.");
        await File.WriteAllTextAsync(Path.Combine(command.Bundle, "config.json"), SandboxSpec.Of(command, options).ToJsonString(), cancellationToken);
        await DeleteAsync(command.Id); // what a crash may have left
        try
        {
            return await ChildProcess.RunAsync(Runtime, ["--root", state, "run", "--bundle", command.Bundle, command.Id], new ChildOptions(), line, cancellationToken);
        }
        catch (IOException error) when (error.InnerException is System.ComponentModel.Win32Exception)
        {
            throw new BuildFailedException("INFRASTRUCTURE", "Commands of builds run in containers, and there is no runc on the builder's machine.", error);
        }
        finally
        {
            await DeleteAsync(command.Id);
        }
    }

    /// <summary>Ends every command that an earlier run of the program left behind.</summary>
    public async Task DeleteAllAsync(CancellationToken cancellationToken)
    {
        if (!Directory.Exists(state))
            return;
        var containers = new List<string>();
        await ChildProcess.RunAsync(Runtime, ["--root", state, "list", "--quiet"], new ChildOptions(), line =>
        {
            containers.Add(line);
            return ValueTask.CompletedTask;
        }, cancellationToken);
        foreach (var container in containers)
            await DeleteAsync(container);
    }

    private async Task DeleteAsync(string id)
    {
        try
        {
            await ChildProcess.RunAsync(Runtime, ["--root", state, "delete", "--force", id], new ChildOptions(), _ => ValueTask.CompletedTask, CancellationToken.None);
        }
        catch (IOException)
        {
            // There is no runtime, and so nothing to delete.
        }
    }
}
