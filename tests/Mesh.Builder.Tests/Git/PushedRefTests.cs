using Mesh.Builder.Git;

namespace Mesh.Builder.Tests.Git;

public sealed class PushedRefTests
{
    private const string Zero = "0000000000000000000000000000000000000000";
    private const string One = "1111111111111111111111111111111111111111";

    [Theory]
    [InlineData(Zero, One, "refs/heads/main", true)]
    [InlineData(Zero, One, "refs/heads/master", true)]
    [InlineData(One, Zero, "refs/heads/main", false)]
    [InlineData(Zero, One, "refs/heads/topic", false)]
    [InlineData(Zero, One, "refs/heads/topic/main", false)]
    [InlineData(Zero, One, "refs/tags/main", false)]
    public void Only_a_new_commit_of_the_main_branch_is_released(string old, string @new, string name, bool released) =>
        Assert.Equal(released, PushedRef.Parse($"{old} {@new} {name}")!.IsReleased);

    [Theory]
    [InlineData("")]
    [InlineData("x y z")]
    [InlineData(Zero + " " + One)]
    public void Something_else_is_no_reference(string line) => Assert.Null(PushedRef.Parse(line));
}
