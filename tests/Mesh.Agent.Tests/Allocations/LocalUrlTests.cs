using Mesh.Agent.Allocations;

namespace Mesh.Agent.Tests.Allocations;

public sealed class LocalUrlTests
{
    [Theory]
    [InlineData("/", "/")]
    [InlineData("/healthz?deep=1", "/healthz?deep=1")]
    [InlineData("metrics", "/metrics")]
    [InlineData("//10.0.0.5:8500/v1/kv/", "//10.0.0.5:8500/v1/kv/")]
    [InlineData("http://10.0.0.5/", "/http://10.0.0.5/")]
    [InlineData("@10.0.0.5/", "/@10.0.0.5/")]
    [InlineData("/../../x", "/x")]
    [InlineData("\\\\10.0.0.5\\x", "///10.0.0.5/x")]
    public void No_path_leads_to_another_host(string path, string expected)
    {
        var url = LocalUrl.Of(8080, path);
        Assert.NotNull(url);
        Assert.Equal(("127.0.0.1", 8080, expected), (url.Host, url.Port, url.PathAndQuery));
    }

    [Fact]
    public void What_is_no_path_is_no_url_or_one_of_this_host()
    {
        foreach (var path in new[] { "//[", "\0", "#x", "/%zz", "", " " })
            Assert.Equal("127.0.0.1", LocalUrl.Of(8080, path)?.Host ?? "127.0.0.1");
    }
}
