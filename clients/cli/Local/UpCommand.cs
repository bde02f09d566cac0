using System.Diagnostics;
using Mesh.Servers;

namespace Mesh.Cli.Local;

/// <summary><c>mesh local up</c>.</summary>
internal static class UpCommand
{
    /// <summary>Runs the stack in this process, showing its start, until Ctrl-C.</summary>
    public static async Task<int> AttachAsync()
    {
        var folder = await PrepareAsync();
        using var held = SupervisorLock.TryTake(folder);
        if (held is null)
            return await AlreadyUpAsync(folder);

        using var signals = new StopSignals();
        StatusBoard? board = null;
        var run = Stack.RunAsync(
            folder, made => Volatile.Write(ref board, made), () => { }, signals.Token);
        await ProgressView.FollowAsync(
            () => Volatile.Read(ref board)?.Current, status => run.IsCompleted || status?.State is not (null or StackState.Starting));
        if (board?.Current.State == StackState.Up)
        {
            ShowAddresses(folder);
            Console.Out.WriteLine("Ctrl-C stops everything.");
        }

        await ProgressView.FollowAsync(
            () => board?.Current.State == StackState.Up ? null : board?.Current, _ => run.IsCompleted);
        await run;
        return 0;
    }

    /// <summary>Starts a process that runs the stack, and returns when it is up.</summary>
    public static async Task<int> DetachAsync()
    {
        var folder = await PrepareAsync();
        using (var held = SupervisorLock.TryTake(folder))
        {
            if (held is null)
                return await AlreadyUpAsync(folder);
            File.Delete(folder.StatusFile);
        }

        using var supervisor = Launch(folder);
        return await ShowStartAsync(folder, () => supervisor.HasExited);
    }

    /// <summary>Runs the stack in this process without a view; what <see cref="DetachAsync"/> starts.</summary>
    public static async Task<int> SuperviseAsync()
    {
        var folder = StackFolder.FromEnvironment();
        using var held = SupervisorLock.TryTake(folder) ?? throw new StackException("the stack is being started by another process");
        using var signals = new StopSignals();
        await Stack.RunAsync(folder, _ => { }, () => { }, signals.Token);
        return 0;
    }

    // eng/setup says itself what it fetches and what is missing, and is quick when all is there.
    private static async Task<StackFolder> PrepareAsync()
    {
        using var setup = Process.Start(new ProcessStartInfo(Path.Combine(Repository.Root, "eng", "setup")))!;
        await setup.WaitForExitAsync();
        if (setup.ExitCode != 0)
            throw new StackException("what the stack needs is not complete");
        var folder = StackFolder.FromEnvironment();
        folder.Create();
        return folder;
    }

    private static async Task<int> AlreadyUpAsync(StackFolder folder)
    {
        if (StackFolder.Read<StackStatus>(folder.StatusFile) is { State: StackState.Up } && SupervisorLock.Holder(folder) is not null)
        {
            Console.Out.WriteLine("The stack is up already.");
            ShowAddresses(folder);
            return 0;
        }

        Console.Out.WriteLine("The stack is being started already.");
        return await ShowStartAsync(folder, () => SupervisorLock.Holder(folder) is null);
    }

    private static async Task<int> ShowStartAsync(StackFolder folder, Func<bool> isGone)
    {
        StackStatus? last = null;
        await ProgressView.FollowAsync(
            () => last = StackFolder.Read<StackStatus>(folder.StatusFile) ?? last,
            status => isGone() || status?.State == StackState.Up);
        if (last?.State != StackState.Up)
            throw new StackException(last?.Failure ?? $"the stack did not start; see {folder.SupervisorLog}");
        ShowAddresses(folder);
        return 0;
    }

    private static void ShowAddresses(StackFolder folder)
    {
        if (StackFolder.Read<StackEndpoints>(folder.EndpointsFile) is not { } endpoints)
            return;
        Console.Out.WriteLine($"API     {endpoints.Api}");
        Console.Out.WriteLine($"Apps    {endpoints.Router}");
        Console.Out.WriteLine($"Token   {folder.In("token")}");
    }

    private static Process Launch(StackFolder folder)
    {
        var program = Repository.Program("Mesh.Cli", "mesh");
        const string Script = """exec >>"$1" 2>&1 </dev/null; shift; exec setsid "$@" """;
        return Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Script, "sh", folder.SupervisorLog, program, "local", "up", "--supervise"]))!;
    }
}
