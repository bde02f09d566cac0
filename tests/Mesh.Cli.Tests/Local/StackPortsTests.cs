using Mesh.Cli.Local;

namespace Mesh.Cli.Tests.Local;

public sealed class StackPortsTests
{
    [Fact]
    public void Kept_ports_stay_and_a_taken_one_is_replaced()
    {
        var next = 30_000;
        var first = StackPorts.Choose(new Dictionary<string, int>(), _ => true, () => next++);
        var taken = first["registry"];

        var second = StackPorts.Choose(first.All, port => port != taken, () => next++);

        Assert.Equal(first.All.Count, first.All.Values.Distinct().Count());
        Assert.NotEqual(taken, second["registry"]);
        Assert.All(first.All.Keys.Where(name => name != "registry"), name => Assert.Equal(first[name], second[name]));
        Assert.Equal(second.All.Count, second.All.Values.Distinct().Count());
    }
}
