using System.Net;
using Mesh.Common.Hosting;

namespace Mesh.Common.Tests.Hosting;

public sealed class TenantErrandTests
{
    [Theory]
    [InlineData("/metrics")]
    [InlineData("/healthz/live")]
    [InlineData("/nowhere")]
    public async Task What_is_asked_because_a_tenant_said_so_is_refused(string path)
    {
        await using var server = await TestServer.StartAsync("errand");
        foreach (var version in new[] { HttpVersion.Version11, HttpVersion.Version20 })
        {
            using var http = server.Http(version);
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            TenantErrand.Mark(request, "acme");
            using var refused = await http.SendAsync(request);
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
            Assert.Contains("TENANT_ERRAND", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            using var plain = await http.GetAsync(path);
            Assert.Equal(path == "/nowhere" ? HttpStatusCode.NotFound : HttpStatusCode.OK, plain.StatusCode);
        }
    }
}
