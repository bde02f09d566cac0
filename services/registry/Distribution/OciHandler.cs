using Mesh.Common.Errors;
using Microsoft.AspNetCore.Http.Features;

namespace Mesh.Registry.Distribution;

/// <summary>The front door of <c>/v2/</c>: takes the address apart, checks the caller, and calls the endpoint.</summary>
public sealed class OciHandler(
    BlobEndpoints blobs,
    UploadEndpoints uploads,
    ManifestEndpoints manifests,
    ListEndpoints lists,
    RegistryMetrics metrics,
    ILogger<OciHandler> logger)
{
    private const string Prefix = "/v2/";

    public async Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        var route = OciRoute.Parse(path.Length > Prefix.Length ? path[Prefix.Length..] : "");
        context.Response.Headers["Docker-Distribution-API-Version"] = "registry/2.0";
        try
        {
            await context.AuthenticateAsync();
            await DispatchAsync(context, route ?? throw MeshException.NotFound("REPOSITORY_NOT_FOUND", "There is nothing at this address."));
        }
        catch (Exception failure)
        {
            await FailAsync(context, failure);
        }
        finally
        {
            metrics.Request(route?.Kind.ToString() ?? "Unknown", context.Request.Method, context.Response.StatusCode);
        }
    }

    private Task DispatchAsync(HttpContext context, OciRoute route)
    {
        var method = context.Request.Method;
        if (route.Kind == OciRouteKind.Version) return VersionAsync(context);
        if (route.Kind == OciRouteKind.Catalog) return method == "GET" ? lists.CatalogAsync(context) : throw NotAllowed(context, "GET");

        var path = route.ParseRepository();
        switch (route.Kind, method)
        {
            case (OciRouteKind.Blob, "HEAD"):
                context.DemandPull(path);
                return blobs.HeadAsync(context, path, route.Reference);
            case (OciRouteKind.Blob, "GET"):
                context.DemandPull(path);
                return blobs.GetAsync(context, path, route.Reference);
            case (OciRouteKind.Blob, "DELETE"):
                context.DemandDelete(path);
                return blobs.DeleteAsync(context, path, route.Reference);
            case (OciRouteKind.Manifest, "GET" or "HEAD"):
                context.DemandPull(path);
                return manifests.GetAsync(context, path, route.Reference);
            case (OciRouteKind.Manifest, "PUT"):
                context.DemandPush(path);
                return manifests.PutAsync(Unlimited(context), path, route.Reference);
            case (OciRouteKind.Manifest, "DELETE"):
                context.DemandDelete(path);
                return manifests.DeleteAsync(context, path, route.Reference);
            case (OciRouteKind.Tags, "GET"):
                context.DemandPull(path);
                return lists.TagsAsync(context, path);
            case (OciRouteKind.Referrers, "GET"):
                context.DemandPull(path);
                return lists.ReferrersAsync(context, path, route.Reference);
            case (OciRouteKind.Uploads, "POST"):
                context.DemandPush(path);
                return uploads.PostAsync(Unlimited(context), path);
            case (OciRouteKind.Upload, "GET"):
                context.DemandPush(path);
                return uploads.GetAsync(context, path, route.Reference);
            case (OciRouteKind.Upload, "PATCH"):
                context.DemandPush(path);
                return uploads.PatchAsync(Unlimited(context), path, route.Reference);
            case (OciRouteKind.Upload, "PUT"):
                context.DemandPush(path);
                return uploads.PutAsync(Unlimited(context), path, route.Reference);
            case (OciRouteKind.Upload, "DELETE"):
                context.DemandPush(path);
                return uploads.DeleteAsync(context, path, route.Reference);
            default:
                throw NotAllowed(context, route.Kind switch
                {
                    OciRouteKind.Blob => "GET, HEAD, DELETE",
                    OciRouteKind.Manifest => "GET, HEAD, PUT, DELETE",
                    OciRouteKind.Uploads => "POST",
                    OciRouteKind.Upload => "GET, PATCH, PUT, DELETE",
                    _ => "GET",
                });
        }
    }

    private static Task VersionAsync(HttpContext context) => HttpMethods.IsHead(context.Request.Method)
        ? Task.CompletedTask
        : context.Response.WriteAsJsonAsync(new { }, context.RequestAborted);

    /// <summary>A blob may be of any size: it never lies in memory.</summary>
    private static HttpContext Unlimited(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = null;
        return context;
    }

    private static MeshException NotAllowed(HttpContext context, string allowed)
    {
        context.Response.Headers.Allow = allowed;
        return MeshException.FailedPrecondition("METHOD_NOT_ALLOWED", $"Only {allowed} can be done here.");
    }

    private async Task FailAsync(HttpContext context, Exception failure)
    {
        if (context.RequestAborted.IsCancellationRequested)
        {
            logger.LogDebug(failure, "The client went away");
            return;
        }
        var error = ErrorTable.Translate(failure, context.TraceIdentifier);
        if (error.Reason == "INTERNAL") logger.LogError(failure, "Request {RequestId} failed", context.TraceIdentifier);
        if (context.Response.HasStarted) context.Abort();
        else await context.WriteErrorAsync(error);
    }
}
