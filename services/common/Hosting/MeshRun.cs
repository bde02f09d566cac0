using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;

namespace Mesh.Common.Hosting;

/// <summary>Runs a program of Mesh from its start to its end.</summary>
public static class MeshRun
{
    /// <summary>Runs until the program is asked to stop, and stops it. Answers what the process shall end with.</summary>
    public static int RunMesh(this WebApplication app) => app.RunMeshAsync().GetAwaiter().GetResult();

    /// <summary>
    /// The same. To be asked to stop while starting is no error here, and what has begun is stopped. A program that cannot start stops
    /// nothing: what runs since before it, a router's nginx or an agent's allocations, is the next one's to take up.
    /// </summary>
    internal static async Task<int> RunMeshAsync(this WebApplication app)
    {
        await using var _ = app;
        try
        {
            await app.StartAsync();
        }
        catch (OperationCanceledException) when (app.Lifetime.ApplicationStopping.IsCancellationRequested)
        {
            await app.StopAsync();
            return Environment.ExitCode;
        }
        await app.WaitForShutdownAsync();
        return Environment.ExitCode;
    }
}
