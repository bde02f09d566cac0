using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;

namespace Mesh.Common.Hosting;

/// <summary>Runs a program of Mesh from its start to its end.</summary>
public static class MeshRun
{
    /// <summary>Runs until the program is asked to stop, and stops it. Answers what the process shall end with.</summary>
    public static int RunMesh(this WebApplication app) => app.RunMeshAsync().GetAwaiter().GetResult();

    /// <summary>
    /// The same. ASP.NET Core's own run ends with an error, and stops nothing of what it has begun, where the start does not come to its
    /// end: here that is stopped too, and to be asked to stop while starting is no error.
    /// </summary>
    internal static async Task<int> RunMeshAsync(this WebApplication app)
    {
        await using var _ = app;
        try
        {
            await app.StartAsync();
        }
        catch (Exception failure)
        {
            var asked = failure is OperationCanceledException && app.Lifetime.ApplicationStopping.IsCancellationRequested;
            await app.StopAsync();
            if (!asked) throw;
            return Environment.ExitCode;
        }
        await app.WaitForShutdownAsync();
        return Environment.ExitCode;
    }
}
