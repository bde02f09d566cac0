using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Mesh.Common.Telemetry;

/// <summary>Names the span of each HTTP request, and ends the recording of one that is not to be traced before anything hangs on it.</summary>
internal sealed class TracingMiddleware(RequestDelegate next, IEnumerable<UntracedPath> untraced)
{
    private readonly string[] _prefixes =
        [.. untraced.Select(u => u.Prefix), "/healthz/", "/metrics", "/grpc.health.v1.Health/", "/grpc.reflection."];

    public Task InvokeAsync(HttpContext context)
    {
        if (Activity.Current is not { Recorded: true } span) return next(context);
        if (!IsUntraced(context.Request.Path.Value ?? "")) return NamedAsync(context, span);
        span.IsAllDataRequested = false;
        span.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        return next(context);
    }

    private async Task NamedAsync(HttpContext context, Activity span)
    {
        await next(context);
        // The path itself would make as many names as there are resources. gRPC calls have been named already.
        if (span.GetTagItem("rpc.system") is not null) return;
        var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
        span.DisplayName = route is null ? context.Request.Method : $"{context.Request.Method} {route}";
        span.SetTag("http.response.status_code", context.Response.StatusCode);
        span.SetTag("request_id", context.TraceIdentifier);
        if (context.Response.StatusCode >= StatusCodes.Status500InternalServerError) span.SetStatus(ActivityStatusCode.Error);
    }

    private bool IsUntraced(string path)
    {
        foreach (var prefix in _prefixes)
        {
            if (path.StartsWith(prefix, StringComparison.Ordinal)) return true;
        }
        return false;
    }
}
