using Grpc.Core;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Common.FieldMasks;
using Mesh.Common.Names;
using Mesh.Common.Paging;
using Mesh.Controller.Audit;

namespace Mesh.Controller.Tenants;

/// <summary>mesh.controller.v1.TenantService.</summary>
public sealed class TenantService(TenantStore store) : V1.TenantService.TenantServiceBase
{
    public override async Task<V1.CreateTenantResponse> CreateTenant(V1.CreateTenantRequest request, ServerCallContext context)
    {
        var id = TenantName.CheckId(request.TenantId, "tenant_id");
        if (Tenant.IsReserved(id)) throw MeshException.InvalidArgument("tenant_id", $"The name `{id}` is taken by Mesh itself.");
        var given = request.Tenant ?? new V1.Tenant();
        var tenant = new Tenant { Id = id, DisplayName = Limits.DisplayName(given.DisplayName, "tenant.display_name"), Labels = Limits.Labels(given.Labels, "tenant.labels") };
        tenant = await store.CreateAsync(tenant, request.RequestId, Actor.Of(context), context.CancellationToken);
        return new V1.CreateTenantResponse { Tenant = tenant.ToWire() };
    }

    public override async Task<V1.GetTenantResponse> GetTenant(V1.GetTenantRequest request, ServerCallContext context)
    {
        var tenant = await store.GetAsync(TenantName.Parse(request.Name).Tenant, context.CancellationToken);
        return new V1.GetTenantResponse { Tenant = tenant.ToWire() };
    }

    public override async Task<V1.ListTenantsResponse> ListTenants(V1.ListTenantsRequest request, ServerCallContext context)
    {
        var principal = context.Principal();
        var only = principal.HoldsEverything ? null : principal.Roles.Keys.ToArray();
        var size = PageToken.Size(request.PageSize);
        var after = PageToken.Decode(request.PageToken, principal.Subject) ?? "";
        var tenants = await store.ListAsync(only, after, size, context.CancellationToken);
        var response = new V1.ListTenantsResponse { Tenants = { tenants.Select(t => t.ToWire()) } };
        if (tenants.Count == size) response.NextPageToken = PageToken.Encode(tenants[^1].Id, principal.Subject);
        return response;
    }

    public override async Task<V1.UpdateTenantResponse> UpdateTenant(V1.UpdateTenantRequest request, ServerCallContext context)
    {
        var given = request.Tenant ?? throw MeshException.InvalidArgument("tenant", "A tenant is required.");
        var id = TenantName.Parse(given.Name, "tenant.name").Tenant;
        var mask = UpdateMask.Of(request.UpdateMask, given, "display_name", "labels");
        var name = Limits.DisplayName(given.DisplayName, "tenant.display_name");
        var labels = Limits.Labels(given.Labels, "tenant.labels");
        var tenant = await store.UpdateAsync(id, given.Etag, before => before with
        {
            DisplayName = mask.Has("display_name") ? name : before.DisplayName,
            Labels = mask.Has("labels") ? labels : before.Labels,
        }, request.ValidateOnly, Actor.Of(context), context.CancellationToken);
        return new V1.UpdateTenantResponse { Tenant = tenant.ToWire() };
    }

    public override async Task<V1.DeleteTenantResponse> DeleteTenant(V1.DeleteTenantRequest request, ServerCallContext context)
    {
        var id = TenantName.Parse(request.Name).Tenant;
        await store.DeleteAsync(id, request.Etag, Actor.Of(context), context.CancellationToken);
        return new V1.DeleteTenantResponse();
    }
}
