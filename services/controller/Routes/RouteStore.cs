using Mesh.Common.Names;
using Mesh.Common.Postgres;
using Mesh.Controller.Apps;
using Mesh.Controller.Reconciling;

namespace Mesh.Controller.Routes;

/// <summary>All routes, and the generation that they have together.</summary>
public sealed record RouteSnapshot(long Generation, IReadOnlyDictionary<string, V1.Route> Routes)
{
    public static RouteSnapshot Empty { get; } = new(0, new Dictionary<string, V1.Route>());
}

/// <summary>Routes are not kept: they follow from apps and deployments.</summary>
public sealed class RouteStore(MeshDatabase database, AppAddress address)
{
    /// <summary>
    /// Counts a change of the routes, inside the transaction that makes it. The row's lock puts changes in order, so that a generation
    /// means the same routes everywhere.
    /// </summary>
    internal static Task TouchAsync(MeshTransaction transaction, CancellationToken cancellationToken)
    {
        const string sql = """
            with next as (update route_generation set generation = generation + 1 returning 1)
            select count(pg_notify('controller_changes', 'routes')) from next
            """;
        return transaction.ExecuteAsync(sql, null, cancellationToken);
    }

    public async Task<RouteSnapshot> LoadAsync(CancellationToken cancellationToken)
    {
        // One statement sees one state of the database: generation and routes belong together.
        const string sql = """
            select g.generation, d.tenant, d.app, d.deployment, a.maintenance
            from route_generation g
            left join (deployments d
              join apps a on a.tenant = d.tenant and a.app = d.app and not a.deleting
              join releases r on r.tenant = d.tenant and r.app = d.app and r.version = d.release and jsonb_exists(r.processes, 'web'))
              on not d.deleting and not d.archived
            """;
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        var rows = await transaction.QueryAsync<Row>(sql, null, cancellationToken);
        var routes = rows.Where(r => r.Tenant is not null).Select(ToRoute).ToDictionary(r => r.Key);
        return new RouteSnapshot(rows[0].Generation, routes);
    }

    private V1.Route ToRoute(Row row)
    {
        var name = new DeploymentName(row.Tenant!, row.App!, row.Deployment!);
        return new V1.Route
        {
            Key = name.ToString(),
            Host = address.HostOf(name),
            App = name.Parent.ToString(),
            Maintenance = row.Maintenance ?? false,
            Backends = { new V1.Route.Types.Backend { Workload = WorkloadNames.For(name, ProcessType.Web).ToString(), Weight = 1 } },
        };
    }

    private sealed record Row
    {
        public long Generation { get; init; }
        public string? Tenant { get; init; }
        public string? App { get; init; }
        public string? Deployment { get; init; }
        public bool? Maintenance { get; init; }
    }
}
