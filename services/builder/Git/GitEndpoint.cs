using Mesh.Auth.V1;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Controller.V1;
using Microsoft.AspNetCore.Http.Features;

namespace Mesh.Builder.Git;

/// <summary>Git's smart HTTP protocol at <c>/git/{tenant}/{app}.git</c>, with our tokens as passwords.</summary>
internal sealed class GitEndpoint(
    GitRepositories repositories, GitBackend backend, PushBuild build, AppService.AppServiceClient apps, BuilderOptions options)
{
    private static readonly string[] Services = ["git-upload-pack", "git-receive-pack"];

    public static void Map(WebApplication app) => app.Map(
        "/git/{tenant}/{app}.git/{**path}",
        (HttpContext context, string tenant, string app, string path, GitEndpoint endpoint) => endpoint.HandleAsync(context, tenant, app, path));

    private async Task HandleAsync(HttpContext context, string tenant, string appId, string path)
    {
        var service = ServiceOf(context.Request, path);
        if (service is null)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        var isPush = service == "git-receive-pack";
        if (await AuthorizeAsync(context, tenant, isPush) is not { } principal)
            return;
        var app = AppName.Parse($"tenants/{tenant}/apps/{appId}");
        await apps.GetAppAsync(new GetAppRequest { Name = app.ToString() }, cancellationToken: context.RequestAborted);
        await repositories.EnsureAsync(app, context.RequestAborted);
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = options.MaxSourceBytes * 2;

        if (!isPush || context.Request.Method == HttpMethods.Get)
        {
            await backend.ServeAsync(context, app, path, principal.Subject, [], context.RequestAborted);
            return;
        }
        using var held = await repositories.LockAsync(app, context.RequestAborted);
        await using var push = new PushSession(app, principal.Subject, options, build, context.RequestAborted);
        await backend.ServeAsync(context, app, path, principal.Subject, push.Environment, context.RequestAborted);
    }

    // Only what git's smart protocol asks for; the files of a repository are not served.
    private static string? ServiceOf(HttpRequest request, string path) => (request.Method, path) switch
    {
        ("GET", "info/refs") => Services.FirstOrDefault(service => request.Query["service"] == service),
        ("POST", _) => Services.FirstOrDefault(service => path == service),
        _ => null,
    };

    // Git asks its user for a password only when it is answered 401.
    private static async Task<Principal?> AuthorizeAsync(HttpContext context, string tenant, bool isPush)
    {
        try
        {
            var principal = await context.AuthenticateMeshAsync();
            principal.Demand(isPush ? "sources.upload" : "sources.get", isPush ? Role.Developer : Role.Viewer, tenant);
            return principal;
        }
        catch (MeshException error) when (error.Code == Grpc.Core.StatusCode.Unauthenticated)
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"Mesh: a token as the password\"";
            await context.Response.WriteAsync(error.Message + "\n");
            return null;
        }
    }
}
