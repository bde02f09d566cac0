using Mesh.Servers;

namespace Mesh.Cli.Local;

/// <summary><c>mesh local down</c>.</summary>
internal static class DownCommand
{
    // More than the longest grace times of the stages together.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    public static async Task<int> RunAsync()
    {
        var folder = StackFolder.FromEnvironment();
        if (!Directory.Exists(folder.Path))
        {
            Console.Out.WriteLine("The stack is not up.");
            return 0;
        }

        var supervisor = SupervisorLock.Holder(folder);
        if (supervisor is not null)
            await StopAsync(folder, supervisor);
        var leftovers = await Leftovers.EndAsync(folder, TimeProvider.System);
        File.Delete(folder.EndpointsFile);
        foreach (var name in leftovers)
            Console.Out.WriteLine($"{name,-12}stopped");
        Console.Out.WriteLine(supervisor is null && leftovers.Count == 0 ? "The stack is not up." : "The stack is down.");
        return 0;
    }

    private static async Task StopAsync(StackFolder folder, PidRecord supervisor)
    {
        var begin = TimeProvider.System.GetTimestamp();
        LinuxProcess.Signal(supervisor.Pid, LinuxProcess.Terminate);
        await ProgressView.FollowAsync(
            () => StackFolder.Read<StackStatus>(folder.StatusFile) is { State: not StackState.Up } status ? status : null,
            _ => !supervisor.IsAlive || TimeProvider.System.GetElapsedTime(begin) > Limit);
        if (supervisor.IsAlive)
            LinuxProcess.Signal(supervisor.Pid, LinuxProcess.Kill);
    }
}
