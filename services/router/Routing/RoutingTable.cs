using System.Collections.Immutable;

namespace Mesh.Router.Routing;

/// <summary>All that nginx's configuration is made of, at one moment.</summary>
/// <param name="Routes">Which host leads to which workload, by the routes' keys. Null: not known yet.</param>
/// <param name="Endpoints">Where workloads answer, `host:port`, by the workloads' names. Null: not known yet.</param>
/// <param name="EndpointsGeneration">The scheduler's generation of <paramref name="Endpoints"/>.</param>
/// <param name="Services">Where Mesh's own services answer, `host:port`, by name.</param>
public sealed record RoutingTable(
    ImmutableSortedDictionary<string, Route>? Routes,
    ImmutableSortedDictionary<string, ImmutableArray<string>>? Endpoints,
    long EndpointsGeneration,
    ImmutableSortedDictionary<string, ImmutableArray<string>> Services)
{
    public static RoutingTable Empty { get; } = new(null, null, 0, ImmutableSortedDictionary<string, ImmutableArray<string>>.Empty);

    /// <summary>Whether both sources have spoken: before, a configuration would forget what an earlier run of the router knew.</summary>
    public bool IsComplete => Routes is not null && Endpoints is not null;
}
