using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Mesh.Common.Metrics;

/// <summary>Registers the reader and serves what it has read at /metrics.</summary>
internal static class MetricsSetup
{
    public static void AddMetricReader(this IServiceCollection services)
    {
        services.AddMetrics();
        services.AddSingleton<MetricReader>();
    }

    public static void MapPrometheus(this IEndpointRouteBuilder app)
    {
        // Listening begins with the server, not with the first reading.
        var reader = app.ServiceProvider.GetRequiredService<MetricReader>();
        app.MapGet("/metrics", () => Results.Text(PrometheusText.Write(reader.Read()), PrometheusText.ContentType));
    }
}
