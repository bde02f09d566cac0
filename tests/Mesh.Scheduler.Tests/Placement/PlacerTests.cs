using Mesh.Scheduler.Placement;
using Mesh.Scheduler.Placement.Policies;
using static Mesh.Scheduler.Tests.Placement.PlacementScene;

namespace Mesh.Scheduler.Tests.Placement;

public sealed class PlacerTests
{
    // Rows of Nomad's public test of its fit function: 4096 MHz/8192 MiB with 2048/4096 reserved, then what is used.
    [Theory]
    [InlineData(2048, 4096, 18.0)]
    [InlineData(0, 0, 0.0)]
    public void Fit_is_zero_for_an_empty_node_and_18_for_a_full_one(long cpu, long memory, double fit) =>
        Assert.Equal(fit, BinPackingPolicy.Fit(new(2048, 4096, 0), new(cpu, memory, 0)), 3);

    [Fact]
    public void Fit_of_half_a_node_is_in_the_upper_middle() =>
        Assert.InRange(BinPackingPolicy.Fit(new(2048, 4096, 0), new(1024, 2048, 0)), 10, 16);

    [Fact]
    public void Work_is_packed_on_the_fuller_node()
    {
        var fuller = Node("fuller");
        fuller.Reserve(Guid.NewGuid(), new(2000, 4096 * MiB, 0));
        Assert.Equal("fuller", Place(Request(), Node("empty"), fuller));
    }

    [Fact]
    public void Two_of_one_workload_go_to_two_nodes()
    {
        var request = Request();
        var nodes = new[] { Node("a"), Node("b") };
        Assert.NotEqual(Place(request, nodes), Place(request, nodes));
    }

    [Fact]
    public void An_affinity_draws_and_a_negative_one_repels()
    {
        var nodes = new[] { Node("ssd", attributes: ("disk", "ssd")), Node("hdd", attributes: ("disk", "hdd")) };
        var wish = Constraint.Equal("disk", "ssd");
        Assert.Equal("ssd", Place(Request() with { Affinities = [new(wish, 50)] }, nodes));
        Assert.Equal("hdd", Place(Request() with { Affinities = [new(wish, -50)] }, nodes));
    }

    [Fact]
    public void A_spread_evens_out_the_zones()
    {
        PlacementNode[] nodes =
        [
            Node("a1", attributes: ("zone", "a")), Node("a2", attributes: ("zone", "a")), Node("a3", attributes: ("zone", "a")),
            Node("b1", attributes: ("zone", "b")),
        ];
        var request = Request() with { Spreads = [new("zone", 100)] };
        for (var i = 0; i < 4; i++)
            Place(request, nodes);
        Assert.Equal(2, nodes[3].Count(request.Workload));
    }

    [Fact]
    public void Nothing_fits_is_explained_by_reason()
    {
        var decision = Placer.Default.Place(
            Request(cpu: 5000), [Node("a"), Node("b"), Node("c", closed: "cordoned")], new Random(1), explain: true);
        Assert.Null(decision.Node);
        Assert.Equal("No node can take it: cordoned (1), not enough cpu (2).", decision.Explanation);
        Assert.Equal(["not enough cpu", "not enough cpu", "cordoned"], decision.Verdicts.Select(v => v.Filtered));
    }

    [Fact]
    public void Verdicts_show_the_parts_of_each_score()
    {
        var decision = Placer.Default.Place(Request(), [Node("a"), Node("b")], new Random(1), explain: true);
        Assert.All(decision.Verdicts, verdict =>
        {
            Assert.InRange(verdict.Score, 0, 1);
            Assert.Equal(["anti-affinity", "bin-packing"], verdict.Scores.Keys.Order());
        });
    }
}
