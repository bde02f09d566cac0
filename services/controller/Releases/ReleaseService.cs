using System.Globalization;
using Grpc.Core;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Common.Paging;
using Mesh.Controller.Apps;
using Mesh.Controller.Audit;

namespace Mesh.Controller.Releases;

/// <summary>mesh.controller.v1.ReleaseService.</summary>
public sealed class ReleaseService(ReleaseStore store, AppCache cache) : V1.ReleaseService.ReleaseServiceBase
{
    public override async Task<V1.CreateReleaseResponse> CreateRelease(V1.CreateReleaseRequest request, ServerCallContext context)
    {
        var name = AppName.Parse(request.Parent, "parent");
        var actor = Actor.Of(context);
        // A program of Mesh's acts for the person who pushed.
        if (context.Principal().IsService && request.OnBehalfOf.Length > 0) actor = actor with { Subject = request.OnBehalfOf };
        var given = ReleaseMapping.ToDomain(request.Release, name.Tenant) with { Creator = actor.Subject };
        var release = await store.CreateAsync(name, given, request.RequestId, actor, context.CancellationToken);
        cache.Forget(name.ToString());
        return new V1.CreateReleaseResponse { Release = release.ToWire() };
    }

    public override async Task<V1.GetReleaseResponse> GetRelease(V1.GetReleaseRequest request, ServerCallContext context)
    {
        var release = await store.GetAsync(ReleaseName.Parse(request.Name), context.CancellationToken);
        return new V1.GetReleaseResponse { Release = release.ToWire() };
    }

    public override async Task<V1.ListReleasesResponse> ListReleases(V1.ListReleasesRequest request, ServerCallContext context)
    {
        var name = AppName.Parse(request.Parent, "parent");
        var size = PageToken.Size(request.PageSize);
        var before = PageToken.Decode(request.PageToken, request.Parent) is { } token ? long.Parse(token, CultureInfo.InvariantCulture) : long.MaxValue;
        var releases = await store.ListAsync(name, before, size, context.CancellationToken);
        var response = new V1.ListReleasesResponse { Releases = { releases.Select(r => r.ToWire()) } };
        if (releases.Count == size && releases[^1].Version > 1)
            response.NextPageToken = PageToken.Encode(releases[^1].Version.ToString(CultureInfo.InvariantCulture), request.Parent);
        return response;
    }

    public override async Task<V1.RollbackReleaseResponse> RollbackRelease(V1.RollbackReleaseRequest request, ServerCallContext context)
    {
        var name = AppName.Parse(request.Parent, "parent");
        var target = request.Target.Length == 0 ? null : ReleaseName.Parse(request.Target, "target");
        if (target is not null && target.Parent != name) throw MeshException.InvalidArgument("target", "The release must be of the same app.");
        var release = await store.RollbackAsync(name, target?.Number, request.RequestId, Actor.Of(context), context.CancellationToken);
        cache.Forget(name.ToString());
        return new V1.RollbackReleaseResponse { Release = release.ToWire() };
    }
}
