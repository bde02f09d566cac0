using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Mesh.Common.Health;

/// <summary>/healthz/live, /healthz/ready and /healthz/startup, for supervisors that speak HTTP.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder app, ServerHealth health)
    {
        app.MapGet("/healthz/live", () => Results.Text("ok\n"));
        app.MapGet("/healthz/startup", () => Answer(health.HasStarted, health));
        app.MapGet("/healthz/ready", () => Answer(health.IsReady, health));
    }

    private static IResult Answer(bool good, ServerHealth health)
    {
        if (good) return Results.Text("ok\n");
        var problems = health.Conditions.Where(c => !c.IsMet).Select(c => $"{c.Name}: {c.Problem}");
        if (health.IsDraining) problems = problems.Append("draining");
        return Results.Text(string.Join('\n', problems) + "\n", statusCode: StatusCodes.Status503ServiceUnavailable);
    }
}
