using System.Text.Json.Nodes;
using Mesh.Builder.Isolation;

namespace Mesh.Builder.Tests.Isolation;

public sealed class SandboxSpecTests
{
    [Fact]
    public void A_command_has_no_network_no_capability_and_no_way_to_write_the_root()
    {
        var spec = Spec(BuildNetwork.None);

        Assert.Contains("network", Namespaces(spec));
        Assert.Contains("pid", Namespaces(spec));
        Assert.True(spec["root"]!["readonly"]!.GetValue<bool>());
        Assert.True(spec["process"]!["noNewPrivileges"]!.GetValue<bool>());
        Assert.Null(spec["process"]!["capabilities"]);
        Assert.Equal(1000, spec["process"]!["user"]!["uid"]!.GetValue<int>());
        Assert.Equal(64 << 20, spec["linux"]!["resources"]!["memory"]!["limit"]!.GetValue<long>());
    }

    [Fact]
    public void The_network_of_the_host_is_seen_only_when_allowed() => Assert.DoesNotContain("network", Namespaces(Spec(BuildNetwork.Host)));

    [Fact]
    public void What_is_bound_is_writable_only_when_it_must_be()
    {
        var mounts = Spec(BuildNetwork.None)["mounts"]!.AsArray().ToDictionary(
            mount => mount!["destination"]!.GetValue<string>(), mount => mount!["options"]!.AsArray().Select(option => option!.GetValue<string>()).ToArray());

        Assert.Contains("rw", mounts["/app"]);
        Assert.Contains("ro", mounts["/sdk"]);
        Assert.Contains("nosuid", mounts["/app"]);
    }

    [Fact]
    public void Without_the_network_nothing_of_the_host_is_passed_on()
    {
        Assert.Empty(HostSettings.Environment(BuildNetwork.None));
        Assert.Empty(HostSettings.Binds(BuildNetwork.None));
    }

    private static JsonObject Spec(BuildNetwork network) => SandboxSpec.Of(
        new SandboxCommand("x", "/root", "/bundle", ["npm", "ci"], new Dictionary<string, string>(), [new("/work", "/app", true), new("/host/sdk", "/sdk", false)]),
        new BuilderOptions { Data = "/data", MemoryBytes = 64 << 20, Network = network });

    private static string[] Namespaces(JsonObject spec) =>
        [.. spec["linux"]!["namespaces"]!.AsArray().Select(space => space!["type"]!.GetValue<string>())];
}
