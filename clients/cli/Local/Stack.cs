namespace Mesh.Cli.Local;

/// <summary>Runs a whole stack in this process.</summary>
internal static class Stack
{
    /// <summary>Runs the stack until it is asked to stop. The caller holds the stack's lock.</summary>
    /// <param name="folder">The stack's state.</param>
    /// <param name="begun">Given the board as soon as there is one.</param>
    /// <param name="started">Called when all programs have served.</param>
    /// <param name="stop">Asks for an orderly stop.</param>
    public static async Task RunAsync(StackFolder folder, Action<StatusBoard> begun, Action started, CancellationToken stop)
    {
        SupervisorLock.WriteHolder(folder);
        await Leftovers.EndAsync(folder, TimeProvider.System);
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        var ports = StackPorts.Load(folder);
        var programs = new StackPrograms(folder, ports, client).All();
        var board = new StatusBoard(programs, folder.StatusFile, TimeProvider.System);
        begun(board);
        StackFolder.Write(folder.EndpointsFile, StackEndpoints.Of(ports, folder.PostgresPassword()));
        try
        {
            await new Supervisor(programs, folder, board, TimeProvider.System).RunAsync(started, stop);
            board.Report(StackState.Stopped);
        }
        finally
        {
            File.Delete(folder.EndpointsFile);
            await Leftovers.EndAsync(folder, TimeProvider.System);
        }
    }
}
