using System.Collections.Concurrent;
using Mesh.Builder.Isolation;
using Mesh.Common.Names;

namespace Mesh.Builder.Git;

/// <summary>The bare repositories that people push to, one for each app, made when they are first asked for.</summary>
public sealed class GitRepositories : IDisposable
{
    private readonly ConcurrentDictionary<AppName, SemaphoreSlim> locks = new();
    private readonly SemaphoreSlim making = new(1);

    public GitRepositories(BuilderOptions options)
    {
        Root = Path.Combine(options.Data, "git");
        Hooks = Path.Combine(options.Data, "git-hooks");
        Directory.CreateDirectory(Root);
        Directory.CreateDirectory(Hooks);
        PushHook.WriteTo(Path.Combine(Hooks, "pre-receive"));
    }

    /// <summary>The folder of all repositories.</summary>
    public string Root { get; }

    /// <summary>The folder with the hooks of all repositories.</summary>
    public string Hooks { get; }

    public static string PathOf(AppName app) => $"{app.Tenant}/{app.App}.git";

    /// <summary>Makes the repository unless it is there. It appears whole.</summary>
    public async Task EnsureAsync(AppName app, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(Root, PathOf(app));
        if (Directory.Exists(folder))
            return;
        await making.WaitAsync(cancellationToken);
        try
        {
            if (Directory.Exists(folder))
                return;
            var unfinished = folder + ".unfinished";
            Directory.CreateDirectory(Path.GetDirectoryName(folder)!);
            var exit = await ChildProcess.RunAsync(
                "git", ["init", "--quiet", "--bare", "--template=", "--initial-branch=main", unfinished], new ChildOptions(),
                _ => ValueTask.CompletedTask, cancellationToken);
            if (exit != 0)
                throw new IOException($"git init of {app} ended with exit code {exit}.");
            Directory.Move(unfinished, folder);
        }
        finally
        {
            making.Release();
        }
    }

    /// <summary>Holds a repository for one push at a time.</summary>
    public async Task<IDisposable> LockAsync(AppName app, CancellationToken cancellationToken)
    {
        var gate = locks.GetOrAdd(app, _ => new SemaphoreSlim(1));
        await gate.WaitAsync(cancellationToken);
        return new Release(gate);
    }

    public void Dispose() => making.Dispose();

    private sealed class Release(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}
