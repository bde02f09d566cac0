using Mesh.Scheduler.Placement;
using static Mesh.Scheduler.Tests.Placement.PlacementScene;

namespace Mesh.Scheduler.Tests.Placement;

public sealed class NodeFilterTests
{
    [Theory]
    [InlineData(4000, 8192, null)]
    [InlineData(4001, 1, "not enough cpu")]
    [InlineData(1, 8193, "not enough memory")]
    public void Capacity_is_a_hard_limit(long cpu, long memoryMiB, string? reason) =>
        Assert.Equal(reason, NodeFilter.Reject(Request(cpu, memoryMiB), Node("a")));

    [Fact]
    public void A_closed_node_says_why() =>
        Assert.Equal("cordoned", NodeFilter.Reject(Request(), Node("a", closed: "cordoned")));

    public static TheoryData<Constraint, bool> Constraints => new()
    {
        { Constraint.Equal("zone", "a"), true },
        { Constraint.Equal("zone", "b"), false },
        { Constraint.Equal("absent", "a"), false },
        { Constraint.NotEqual("zone", "a"), false },
        { Constraint.NotEqual("absent", "a"), true },
        { Constraint.In("zone", ["b", "a"]), true },
        { Constraint.In("absent", ["a"]), false },
        { Constraint.NotIn("zone", ["a"]), false },
        { Constraint.NotIn("absent", ["a"]), true },
        { Constraint.Matching("kernel", "6[.]1.*"), true },
        { Constraint.Matching("kernel", "6[.]1"), false },
        { Constraint.Version("kernel", ">= 5.10, < 7"), true },
        { Constraint.Version("kernel", "> 6.1.0"), false },
        { Constraint.Version("kernel", "6.1"), true },
        { Constraint.Version("zone", ">= 0"), false },
        { Constraint.Equal("node", "n1"), true },
    };

    [Theory]
    [MemberData(nameof(Constraints))]
    public void Constraints_compare_attributes(Constraint constraint, bool satisfied) =>
        Assert.Equal(satisfied, constraint.IsSatisfiedBy(Node("n1", attributes: [("zone", "a"), ("kernel", "6.1.0-28-amd64")])));

    [Theory]
    [InlineData("")]
    [InlineData(">= ")]
    [InlineData("abc")]
    [InlineData(">= 1, ")]
    public void A_malformed_version_range_is_refused(string range) =>
        Assert.Throws<FormatException>(() => VersionRange.Parse(range));
}
