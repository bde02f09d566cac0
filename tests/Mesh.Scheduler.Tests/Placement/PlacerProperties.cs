using Mesh.Scheduler.Placement;
using static Mesh.Scheduler.Tests.Placement.PlacementScene;

namespace Mesh.Scheduler.Tests.Placement;

/// <summary>What holds for every cluster and every load. The seed names the case.</summary>
public sealed class PlacerProperties
{
    [Fact]
    public void Nothing_is_placed_beyond_capacity_or_against_a_constraint()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var nodes = Cluster(random);
            for (var i = 0; i < 60; i++)
            {
                var request = RandomRequest(random);
                var decision = Placer.Default.Place(request, nodes, random);
                var fitting = nodes.Where(node => NodeFilter.Reject(request, node) is null).ToList();
                if (decision.Node is null)
                    Assert.True(fitting.Count == 0, $"seed {seed}: {fitting.Count} nodes fit and none was chosen");
                else
                    Assert.True(request.Constraints.All(c => c.IsSatisfiedBy(decision.Node)) && decision.Node.Closed is null, $"seed {seed}");
            }
            Assert.True(nodes.TrueForAll(node => node.Reserved.FitsIn(node.Total)), $"seed {seed}: a node is over capacity");
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_plan()
    {
        for (var seed = 0; seed < 50; seed++)
            Assert.Equal(Plan(seed), Plan(seed));
    }

    private static List<string?> Plan(int seed)
    {
        var random = new Random(seed);
        var nodes = Cluster(random);
        return [.. Enumerable.Range(0, 40).Select(_ => Placer.Default.Place(RandomRequest(random), nodes, random).Node?.Id)];
    }

    private static List<PlacementNode> Cluster(Random random) =>
    [
        .. Enumerable.Range(0, random.Next(1, 12)).Select(i => Node(
            $"n{i}", random.Next(1, 9) * 1000, random.Next(1, 17) * 1024, random.Next(8) == 0 ? "cordoned" : null,
            ("zone", $"z{random.Next(3)}"), ("kernel", $"{random.Next(5, 7)}.{random.Next(20)}"))),
    ];

    private static PlacementRequest RandomRequest(Random random) => Request(random.Next(50, 2000), random.Next(16, 4096)) with
    {
        Constraints = random.Next(3) switch
        {
            0 => [Constraint.Equal("zone", $"z{random.Next(3)}")],
            1 => [Constraint.Version("kernel", ">= 5.10")],
            _ => [],
        },
        Affinities = random.Next(2) == 0 ? [new(Constraint.Equal("zone", "z1"), random.Next(-100, 101))] : [],
        Spreads = random.Next(2) == 0 ? [new("zone", 50)] : [],
    };
}
