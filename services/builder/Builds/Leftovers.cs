using Mesh.Builder.Isolation;

namespace Mesh.Builder.Builds;

/// <summary>Removes what builds and pushes left behind when the program was killed. Runs before any of them begins.</summary>
public sealed partial class Leftovers(BuilderOptions options, Sandbox sandbox, ILogger<Leftovers> logger) : IHostedService
{
    private static readonly string[] Folders = ["builds", "pushes"];

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await sandbox.DeleteAllAsync(cancellationToken);
            foreach (var folder in Folders.Select(name => Path.Combine(options.Data, name)).Where(Directory.Exists))
                Directory.Delete(folder, recursive: true);
        }
        catch (IOException error)
        {
            LogNotRemoved(error);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(LogLevel.Warning, "Leftovers of earlier builds could not be removed")]
    private partial void LogNotRemoved(Exception error);
}
