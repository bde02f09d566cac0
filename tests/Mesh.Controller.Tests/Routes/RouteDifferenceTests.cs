using Mesh.Controller.Routes;

namespace Mesh.Controller.Tests.Routes;

public sealed class RouteDifferenceTests
{
    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public void Applied_to_the_old_routes_the_difference_gives_the_new_ones(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 500; i++)
        {
            var (from, to) = (Snapshot(random, 1), Snapshot(random, 2));
            var difference = RouteService.Difference(from, to);
            var routes = from.Routes.ToDictionary();
            foreach (var key in difference.Removed) Assert.True(routes.Remove(key), $"seed {seed}: {key} was not there");
            foreach (var route in difference.Routes)
            {
                Assert.False(routes.TryGetValue(route.Key, out var old) && old.Equals(route), $"seed {seed}: {route.Key} has not changed");
                routes[route.Key] = route;
            }
            Assert.Equal(to.Routes.OrderBy(r => r.Key, StringComparer.Ordinal), routes.OrderBy(r => r.Key, StringComparer.Ordinal));
            Assert.Equal(2, difference.Generation);
            Assert.False(difference.Snapshot);
        }
    }

    [Fact]
    public void Equal_routes_of_a_newer_generation_are_told_as_no_more_than_that()
    {
        var snapshot = Snapshot(new Random(1), 4);
        var difference = RouteService.Difference(snapshot, snapshot with { Generation = 5 });
        Assert.Equal(new V1.WatchRoutesResponse { Generation = 5 }, difference);
    }

    private static RouteSnapshot Snapshot(Random random, long generation) => new(generation, Enumerable.Range(0, 8)
        .Where(_ => random.Next(2) == 0)
        .Select(i => new V1.Route { Key = $"k{i}", Host = $"h{random.Next(2)}", Maintenance = random.Next(2) == 0 })
        .ToDictionary(r => r.Key));
}
