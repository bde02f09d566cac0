using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Common.Paging;
using Mesh.Ingestion.Scraping;

namespace Mesh.Ingestion.Targets;

/// <summary>The wire of targets.</summary>
internal sealed class TargetService(TargetStore store, Scraper scraper) : V1.TargetService.TargetServiceBase
{
    public override async Task<V1.CreateTargetResponse> CreateTarget(V1.CreateTargetRequest request, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var name = new TargetName(tenant, TenantName.CheckId(request.TargetId, "target_id"));
        var given = TargetMapping.FromWire(Required(request.Target), name);
        var target = await store.CreateAsync(given, request.RequestId, context.CancellationToken);
        return new V1.CreateTargetResponse { Target = target.ToWire() };
    }

    public override async Task<V1.GetTargetResponse> GetTarget(V1.GetTargetRequest request, ServerCallContext context)
    {
        var target = await store.GetAsync(TargetName.Parse(request.Name), context.CancellationToken);
        return new V1.GetTargetResponse { Target = target.ToWire() };
    }

    public override async Task<V1.ListTargetsResponse> ListTargets(V1.ListTargetsRequest request, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var size = PageToken.Size(request.PageSize);
        var after = PageToken.Decode(request.PageToken, request.Parent) ?? "";
        var targets = await store.ListAsync(tenant, after, size + 1, context.CancellationToken);
        var response = new V1.ListTargetsResponse();
        response.Targets.AddRange(targets.Take(size).Select(TargetMapping.ToWire));
        if (targets.Count > size)
            response.NextPageToken = PageToken.Encode(targets[size - 1].Id, request.Parent);
        return response;
    }

    public override async Task<V1.UpdateTargetResponse> UpdateTarget(V1.UpdateTargetRequest request, ServerCallContext context)
    {
        var wire = Required(request.Target);
        var (target, ended) = await store.UpdateAsync(
            TargetName.Parse(wire.Name, "target.name"), wire.Etag, before => TargetMapping.Merge(before, wire, request.UpdateMask),
            context.CancellationToken);
        if (ended.Count > 0)
            await scraper.EndAsync(target, ended);
        return new V1.UpdateTargetResponse { Target = target.ToWire() };
    }

    public override async Task<V1.DeleteTargetResponse> DeleteTarget(V1.DeleteTargetRequest request, ServerCallContext context)
    {
        var (target, series) = await store.DeleteAsync(TargetName.Parse(request.Name), context.CancellationToken);
        await scraper.EndAsync(target, series);
        return new V1.DeleteTargetResponse();
    }

    private static V1.Target Required(V1.Target? target) => target ?? throw MeshException.InvalidArgument("target", "A target is required.");
}
