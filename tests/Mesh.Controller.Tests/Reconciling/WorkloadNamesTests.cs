using Mesh.Common.Names;
using Mesh.Controller.Reconciling;

namespace Mesh.Controller.Tests.Reconciling;

public sealed class WorkloadNamesTests
{
    [Fact]
    public void A_simple_name_is_readable() =>
        Assert.Equal("tenants/acme/workloads/shop-production-web", Name("shop", "production", "web"));

    [Theory]
    [InlineData("shop-a", "b", "web", "shop", "a-b", "web")]
    [InlineData("a-b-c", "d", "e", "a", "b-c-d", "e")]
    [InlineData("a", "b", "c-web", "a", "b-c", "web")]
    public void Dashes_in_the_parts_do_not_join_two_deployments(string app, string deployment, string type, string app2, string deployment2, string type2) =>
        Assert.NotEqual(Name(app, deployment, type), Name(app2, deployment2, type2));

    [Fact]
    public void A_shortened_name_is_nobody_elses_plain_name()
    {
        // The shortened name ends in a hash, which may look like a process type of its own.
        var app = new string('a', 52);
        foreach (var length in Enumerable.Range(12, 50))
        {
            var deployment = new string('d', length);
            var shortened = WorkloadName.Parse(Name(app, deployment, "web")).Workload;
            var parts = shortened.Split('-');
            Assert.False(parts.Length == 3 && parts.All(p => p.Length > 0), $"{shortened} could be plain");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Different_processes_never_share_a_name(int seed)
    {
        var random = new Random(seed);
        var seen = new Dictionary<string, (string, string, string)>();
        for (var i = 0; i < 30_000; i++)
        {
            var whole = (Id(random, 63), Id(random, 63), Id(random, 30));
            var name = Name(whole.Item1, whole.Item2, whole.Item3);
            Assert.True(WorkloadName.Parse(name).Workload.Length <= 63);
            Assert.True(seen.TryAdd(name, whole) || seen[name] == whole, $"seed {seed}: {whole} and {seen[name]} share {name}");
        }
    }

    // Few letters, many dashes and, at times, the greatest length: names that nearly meet.
    private static string Id(Random random, int longest)
    {
        var length = random.Next(4) == 0 ? longest : random.Next(1, 7);
        var text = string.Concat(Enumerable.Range(0, length).Select(_ => "ab-"[random.Next(3)]));
        return "a" + text[1..].TrimEnd('-');
    }

    private static string Name(string app, string deployment, string type) =>
        WorkloadNames.For(new DeploymentName("acme", app, deployment), type).ToString();
}
