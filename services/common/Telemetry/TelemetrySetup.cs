using Mesh.Common.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Mesh.Common.Telemetry;

/// <summary>Registers the export of this program's own telemetry.</summary>
internal static class TelemetrySetup
{
    public static void AddTelemetry(this IServiceCollection services, MeshOptions options)
    {
        if (options.Otlp) services.AddHostedService<TelemetryExport>();
    }

    public static void UseTelemetry(this IApplicationBuilder app) => app.UseMiddleware<TracingMiddleware>();
}
