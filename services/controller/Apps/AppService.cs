using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Common.FieldMasks;
using Mesh.Common.Names;
using Mesh.Common.Paging;
using Mesh.Controller.Audit;

namespace Mesh.Controller.Apps;

/// <summary>mesh.controller.v1.AppService.</summary>
public sealed class AppService(AppStore store, AppCache cache, AppAddress address) : V1.AppService.AppServiceBase
{
    public override async Task<V1.CreateAppResponse> CreateApp(V1.CreateAppRequest request, ServerCallContext context)
    {
        var given = request.App ?? new V1.App();
        var app = new App
        {
            Tenant = TenantName.Parse(request.Parent, "parent").Tenant,
            Id = AppName.CheckId(request.AppId, "app_id"),
            DisplayName = Limits.DisplayName(given.DisplayName, "app.display_name"),
            Labels = Limits.Labels(given.Labels, "app.labels"),
            Processes = AppMapping.ToDomain(given.Processes, "app.processes"),
            Maintenance = given.Maintenance,
        };
        app = await store.CreateAsync(app, request.RequestId, request.ValidateOnly, Actor.Of(context), context.CancellationToken);
        return new V1.CreateAppResponse { App = app.ToWire(address) };
    }

    public override async Task<V1.GetAppResponse> GetApp(V1.GetAppRequest request, ServerCallContext context) =>
        new() { App = await cache.GetAsync(request.Name, context.CancellationToken) };

    public override async Task<V1.ListAppsResponse> ListApps(V1.ListAppsRequest request, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var size = PageToken.Size(request.PageSize);
        var apps = await store.ListAsync(tenant, PageToken.Decode(request.PageToken, tenant) ?? "", size, context.CancellationToken);
        var response = new V1.ListAppsResponse { Apps = { apps.Select(a => a.ToWire(address)) } };
        if (apps.Count == size) response.NextPageToken = PageToken.Encode(apps[^1].Id, tenant);
        return response;
    }

    public override async Task<V1.UpdateAppResponse> UpdateApp(V1.UpdateAppRequest request, ServerCallContext context)
    {
        var given = request.App ?? throw MeshException.InvalidArgument("app", "An app is required.");
        var name = AppName.Parse(given.Name, "app.name");
        var mask = UpdateMask.Of(request.UpdateMask, given, "display_name", "labels", "processes", "maintenance");
        var displayName = Limits.DisplayName(given.DisplayName, "app.display_name");
        var labels = Limits.Labels(given.Labels, "app.labels");
        var processes = AppMapping.ToDomain(given.Processes, "app.processes");
        var app = await store.UpdateAsync(name, given.Etag, before => before with
        {
            DisplayName = mask.Has("display_name") ? displayName : before.DisplayName,
            Labels = mask.Has("labels") ? labels : before.Labels,
            Processes = mask.Has("processes") ? processes : before.Processes,
            Maintenance = mask.Has("maintenance") ? given.Maintenance : before.Maintenance,
        }, request.ValidateOnly, Actor.Of(context), context.CancellationToken);
        cache.Forget(name.ToString());
        return new V1.UpdateAppResponse { App = app.ToWire(address) };
    }

    public override async Task<V1.DeleteAppResponse> DeleteApp(V1.DeleteAppRequest request, ServerCallContext context)
    {
        var name = AppName.Parse(request.Name);
        await store.DeleteAsync(name, request.Etag, Actor.Of(context), context.CancellationToken);
        cache.Forget(name.ToString());
        return new V1.DeleteAppResponse();
    }
}
