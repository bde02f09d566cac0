using System.Collections.Immutable;
using Mesh.Controller.V1;
using Mesh.Router.Routing;
using Mesh.Scheduler.V1;

namespace Mesh.Router.Tests.Routing;

public sealed class WatchTests
{
    [Fact]
    public void A_snapshot_of_routes_replaces_and_a_change_adds_replaces_and_removes()
    {
        var routes = RouteWatch.Apply(null, Change(true, [], ("a", "1"), ("b", "1")));
        Assert.Equal([("a", "1"), ("b", "1")], Hosts(routes));
        routes = RouteWatch.Apply(routes, Change(false, ["a", "unknown"], ("b", "2"), ("c", "2")));
        Assert.Equal([("b", "2"), ("c", "2")], Hosts(routes));
        routes = RouteWatch.Apply(routes, Change(true, [], ("d", "3")));
        Assert.Equal([("d", "3")], Hosts(routes));
        Assert.Empty(RouteWatch.Apply(routes, Change(true, [])));
    }

    [Fact]
    public void A_route_that_is_removed_and_told_again_in_one_change_stays()
    {
        var routes = RouteWatch.Apply(null, Change(true, [], ("a", "1")));
        Assert.Equal([("a", "2")], Hosts(RouteWatch.Apply(routes, Change(false, ["a"], ("a", "2")))));
    }

    [Fact]
    public void A_snapshot_of_endpoints_replaces_and_no_addresses_remove()
    {
        var endpoints = EndpointWatch.Apply(null, Message(true, ("w1", ["b:2", "a:1"]), ("w2", ["c:3"]), ("w3", [])));
        Assert.Equal(["w1", "w2"], endpoints.Keys);
        Assert.Equal(["a:1", "b:2"], endpoints["w1"].AsEnumerable());
        endpoints = EndpointWatch.Apply(endpoints, Message(false, ("w1", ["d:4"]), ("w2", []), ("unknown", [])));
        Assert.Equal(["w1"], endpoints.Keys);
        Assert.Equal(["d:4"], endpoints["w1"].AsEnumerable());
        Assert.Equal(["w9"], EndpointWatch.Apply(endpoints, Message(true, ("w9", ["e:5"]))).Keys);
    }

    [Fact]
    public void The_order_of_addresses_does_not_matter() => Assert.Equal(
        EndpointWatch.Apply(null, Message(true, ("w", ["a:1", "b:2"])))["w"].AsEnumerable(),
        EndpointWatch.Apply(null, Message(true, ("w", ["b:2", "a:1"])))["w"].AsEnumerable());

    [Fact]
    public void A_table_is_complete_when_both_sources_have_spoken()
    {
        var holder = new RoutingTableHolder();
        Assert.False(holder.Current.Table.IsComplete);
        var changed = holder.Current.Changed;
        holder.Change(t => t with { Routes = RouteWatch.Apply(t.Routes, Change(true, [])) });
        Assert.True(changed.IsCompletedSuccessfully);
        Assert.False(holder.Current.Table.IsComplete);
        holder.Change(t => t with { Endpoints = EndpointWatch.Apply(t.Endpoints, Message(true)) });
        Assert.True(holder.Current.Table.IsComplete);
        Assert.False(holder.Current.Changed.IsCompleted);
    }

    private static IEnumerable<(string, string)> Hosts(ImmutableSortedDictionary<string, Route> routes) => routes.Select(r => (r.Key, r.Value.Host));

    private static WatchRoutesResponse Change(bool snapshot, string[] removed, params (string Key, string Host)[] routes) => new()
    {
        Snapshot = snapshot,
        Removed = { removed },
        Routes = { routes.Select(r => new Route { Key = r.Key, Host = r.Host }) },
    };

    private static EndpointServiceConnectResponse Message(bool snapshot, params (string Workload, string[] Addresses)[] workloads)
    {
        var message = new EndpointServiceConnectResponse { Snapshot = snapshot };
        foreach (var (workload, addresses) in workloads) message.Workloads.Add(new WorkloadEndpoints { Workload = workload, Addresses = { addresses } });
        return message;
    }
}
