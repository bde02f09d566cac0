using Mesh.Common.Hosting;
using Microsoft.Extensions.Configuration;

namespace Mesh.Common.Tests.Hosting;

public sealed class MeshOptionsTests
{
    [Fact]
    public void Everything_is_read_and_the_rest_has_defaults()
    {
        var options = Read(("MESH_LISTEN", "127.0.0.1"), ("MESH_OTLP", "off"), ("MESH_DRAIN_SECONDS", "3"), ("MESH_CLICKHOUSE", "http://c:8123"));
        Assert.Equal("127.0.0.1", options.Advertise);
        Assert.False(options.Otlp);
        Assert.Equal(TimeSpan.FromSeconds(3), options.Drain);
        Assert.Equal("http://c:8123/", options.ClickHouse!.ToString());
        Assert.Equal("localhost", options.Domain);
        Assert.Equal(32, options.ClusterKey.Length);
    }

    [Theory]
    [InlineData("MESH_PORT", "70000")]
    [InlineData("MESH_LISTEN", "everywhere")]
    [InlineData("MESH_CONSUL", "consul:8500")]
    [InlineData("MESH_CLUSTER_KEY", "AAAA")]
    [InlineData("MESH_CLUSTER_KEY", "")]
    [InlineData("MESH_OTLP", "perhaps")]
    [InlineData("MESH_LOG_LEVEL", "loud")]
    public void A_wrong_value_is_named(string name, string value)
    {
        var error = Assert.Throws<InvalidOperationException>(() => Read((name, value)));
        Assert.StartsWith(name + " must be ", error.Message, StringComparison.Ordinal);
    }

    private static MeshOptions Read(params (string Name, string Value)[] values)
    {
        var all = new Dictionary<string, string?> { ["MESH_CLUSTER_KEY"] = TestServer.ClusterKey };
        foreach (var (name, value) in values) all[name] = value;
        return MeshOptions.Read("test", new ConfigurationBuilder().AddInMemoryCollection(all).Build());
    }
}
