using Mesh.Ingestion.Receiving;
using Mesh.Ingestion.Targets;
using Mesh.Ingestion.Telemetry;

namespace Mesh.Ingestion.ServiceDiscovery;

/// <summary>
/// HTTP service discovery: `/service_discovery/targets` lists a tenant's targets for its own Prometheus. Those that are paused
/// are left out. The platform's tenant has Mesh's running programs as well.
/// </summary>
internal static class ServiceDiscoveryEndpoint
{
    private const int PageSize = 1_000;

    public static void MapServiceDiscovery(this WebApplication app) => app.MapGet("/service_discovery/targets", ListAsync);

    private static async Task<IResult> ListAsync(HttpContext http, TargetStore store, RunningServices services)
    {
        var tenant = await HttpSender.ReadsFromAsync(http, "targets.list");
        var groups = new List<TargetGroup>();
        if (tenant == WriteScope.Platform)
            groups.AddRange(await services.ListAsync(http.RequestAborted));
        IReadOnlyList<Target> page;
        var after = "";
        do
        {
            page = await store.ListAsync(tenant, after, PageSize, http.RequestAborted);
            groups.AddRange(page.Where(target => !target.Paused).Select(TargetGroup.Of).OfType<TargetGroup>());
            after = page.Count > 0 ? page[^1].Id : "";
        }
        while (page.Count == PageSize);
        return Results.Json(groups);
    }
}
