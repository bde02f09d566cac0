using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Common.Paging;
using Mesh.Common.Postgres;

namespace Mesh.Scheduler.Workloads;

/// <summary>WorkloadService: parses, calls, maps. Works on every scheduler, leading or not.</summary>
public sealed class WorkloadService(
    MeshDatabase database, WorkloadStore workloads, AllocationStore allocations, WorkloadWriter writer, RequestStore requests,
    WorkloadPlanner planner, WorkloadWatcher watcher)
    : V1.WorkloadService.WorkloadServiceBase
{
    public override async Task<V1.ApplyWorkloadResponse> ApplyWorkload(V1.ApplyWorkloadRequest request, ServerCallContext context)
    {
        var name = WorkloadName.Parse(request.Workload?.Name ?? "", "workload.name");
        var spec = SpecCheck.Normalise(request.Workload!.Spec);
        var requestId = RequestStore.Parse(request.RequestId);
        await using var transaction = await database.BeginAsync(name.Tenant, context.CancellationToken);
        var response = await requests.OnceAsync(transaction, requestId, name.Tenant, async () => new V1.ApplyWorkloadResponse
        {
            Workload = (await writer.ApplyAsync(transaction, name, spec, request.Workload.Etag, context.CancellationToken)).ToWire(),
        }, context.CancellationToken);
        if (!request.ValidateOnly)
            await transaction.CommitAsync(context.CancellationToken);
        return response;
    }

    public override async Task<V1.GetWorkloadResponse> GetWorkload(V1.GetWorkloadRequest request, ServerCallContext context)
    {
        var name = WorkloadName.Parse(request.Name);
        await using var transaction = await database.BeginAsync(name.Tenant, context.CancellationToken);
        var workload = await workloads.FindAsync(transaction, name, context.CancellationToken) ?? throw NotFound(name);
        return new V1.GetWorkloadResponse { Workload = workload.ToWire() };
    }

    public override async Task<V1.ListWorkloadsResponse> ListWorkloads(V1.ListWorkloadsRequest request, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var size = PageToken.Size(request.PageSize);
        var after = PageToken.Decode(request.PageToken, request.Parent) ?? "";
        await using var transaction = await database.BeginAsync(tenant, context.CancellationToken);
        var page = await workloads.ListAsync(transaction, tenant, after, size + 1, context.CancellationToken);
        return new V1.ListWorkloadsResponse
        {
            Workloads = { page.Take(size).Select(workload => workload.ToWire()) },
            NextPageToken = page.Count > size ? PageToken.Encode(page[size - 1].Id, request.Parent) : "",
        };
    }

    public override async Task<V1.StopWorkloadResponse> StopWorkload(V1.StopWorkloadRequest request, ServerCallContext context)
    {
        var name = WorkloadName.Parse(request.Name);
        await using var transaction = await database.BeginAsync(name.Tenant, context.CancellationToken);
        await writer.StopAsync(transaction, name, context.CancellationToken);
        await transaction.CommitAsync(context.CancellationToken);
        return new V1.StopWorkloadResponse();
    }

    public override Task<V1.PlanWorkloadResponse> PlanWorkload(V1.PlanWorkloadRequest request, ServerCallContext context)
    {
        var name = WorkloadName.Parse(request.Workload?.Name ?? "", "workload.name");
        return planner.PlanAsync(name, SpecCheck.Normalise(request.Workload!.Spec), context.CancellationToken);
    }

    public override Task WatchWorkload(
        V1.WatchWorkloadRequest request, IServerStreamWriter<V1.WatchWorkloadResponse> responseStream, ServerCallContext context) =>
        watcher.WatchAsync(WorkloadName.Parse(request.Name), responseStream, context.CancellationToken);

    public override Task WatchWorkloads(
        V1.WatchWorkloadsRequest request, IServerStreamWriter<V1.WatchWorkloadsResponse> responseStream, ServerCallContext context) =>
        watcher.WatchAllAsync(responseStream, context.CancellationToken);

    public override async Task<V1.ListAllocationsResponse> ListAllocations(V1.ListAllocationsRequest request, ServerCallContext context)
    {
        var (tenant, workload) = AllocationParent(request.Parent);
        var size = PageToken.Size(request.PageSize);
        var before = PageToken.Decode(request.PageToken, request.Parent) is { } position ? Guid.Parse(position) : (Guid?)null;
        await using var transaction = await database.BeginAsync(tenant, context.CancellationToken);
        var page = await allocations.ListAsync(
            transaction, tenant, workload, before, request.IncludeEnded, size + 1, context.CancellationToken);
        return new V1.ListAllocationsResponse
        {
            Allocations = { page.Take(size).Select(allocation => allocation.ToWire()) },
            NextPageToken = page.Count > size ? PageToken.Encode(page[size - 1].Uid.ToString(), request.Parent) : "",
        };
    }

    internal static MeshException NotFound(WorkloadName name) =>
        MeshException.NotFound("WORKLOAD_NOT_FOUND", $"There is no workload `{name}`.");

    // A dash in place of the workload stands for all of the tenant's.
    private static (string Tenant, string Workload) AllocationParent(string parent)
    {
        if (parent.EndsWith("/workloads/-", StringComparison.Ordinal))
            return (TenantName.Parse(parent[..^"/workloads/-".Length], "parent").Tenant, "");
        var name = WorkloadName.Parse(parent, "parent");
        return (name.Tenant, name.Workload);
    }
}
