using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Mesh.Registry.Tests.Servers;

namespace Mesh.Registry.Tests.Distribution;

[Collection(SharedRegistry.Name)]
[Trait("Needs", "servers")]
public sealed class AccessTests(RegistryServer server)
{
    [Theory]
    [InlineData("")]
    [InlineData("mesh_nobody-knows-this-one")]
    [InlineData("meshsvc_builder_00")]
    public async Task Without_a_good_token_the_client_is_asked_for_one(string token)
    {
        using var client = server.Client(token);
        using var response = await client.SendAsync("GET", "/v2/");
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("Basic", response.Headers.WwwAuthenticate.Single().Scheme);
        Assert.Equal("registry/2.0", response.Headers.GetValues("Docker-Distribution-API-Version").Single());
        await client.ExpectErrorAsync(HttpStatusCode.Unauthorized, "UNAUTHORIZED", "GET", "/v2/acme/shop/tags/list");
    }

    [Fact]
    public async Task A_token_is_taken_as_Bearer_and_as_the_password_of_Basic()
    {
        using var client = server.Client(Callers.Viewer);
        await client.ExpectAsync(HttpStatusCode.OK, "GET", "/v2/");
        var pair = Convert.ToBase64String(Encoding.UTF8.GetBytes("anybody:" + Callers.Viewer));
        client.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", pair);
        await client.ExpectAsync(HttpStatusCode.OK, "GET", "/v2/");
    }

    [Fact]
    public async Task A_viewer_pulls_and_does_not_push()
    {
        using var developer = server.Client(Callers.Developer);
        var digest = await developer.PushImageAsync("acme/viewed", "v1", "layer");
        using var viewer = server.Client(Callers.Viewer);
        await viewer.ExpectAsync(HttpStatusCode.OK, "GET", "/v2/acme/viewed/manifests/v1");
        await viewer.ExpectErrorAsync(HttpStatusCode.Forbidden, "DENIED", "POST", "/v2/acme/viewed/blobs/uploads/", []);
        await viewer.ExpectErrorAsync(HttpStatusCode.Forbidden, "DENIED", "PUT", "/v2/acme/viewed/manifests/v1", "{}"u8.ToArray());
        await developer.ExpectErrorAsync(HttpStatusCode.Forbidden, "DENIED", "DELETE", $"/v2/acme/viewed/manifests/{digest}");
    }

    [Fact]
    public async Task Another_tenant_does_not_exist_for_a_stranger()
    {
        using var developer = server.Client(Callers.Developer);
        var digest = await developer.PushImageAsync("acme/hidden", "v1", "secret layer");
        using var stranger = server.Client(Callers.Stranger);
        string[] reads = ["manifests/v1", $"manifests/{digest}", $"blobs/{Mesh.Registry.Blobs.Digest.Of("{}"u8)}", "tags/list", $"referrers/{digest}"];
        foreach (var address in reads)
            await stranger.ExpectErrorAsync(HttpStatusCode.NotFound, "NAME_UNKNOWN", "GET", $"/v2/acme/hidden/{address}");
        await stranger.ExpectErrorAsync(HttpStatusCode.NotFound, "NAME_UNKNOWN", "POST", "/v2/acme/hidden/blobs/uploads/", []);
        Assert.DoesNotContain("acme", (await stranger.JsonAsync("/v2/_catalog")).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stacks_are_pulled_by_everybody_and_pushed_by_the_platform()
    {
        using var service = server.Client(server.ServiceToken);
        await service.PushImageAsync("stacks/sample", "12", "base");
        using var stranger = server.Client(Callers.Stranger);
        await stranger.ExpectAsync(HttpStatusCode.OK, "GET", "/v2/stacks/sample/manifests/12");
        await stranger.ExpectErrorAsync(HttpStatusCode.Forbidden, "DENIED", "POST", "/v2/stacks/sample/blobs/uploads/", []);
        using var people = server.Client(Callers.Operator);
        await people.PushImageAsync("stacks/sample", "13", "base");
    }

    [Fact]
    public async Task The_catalog_shows_what_the_caller_may_pull()
    {
        using var service = server.Client(server.ServiceToken);
        await service.PushImageAsync("catalog/one", "v1", "x");
        await service.PushImageAsync("acme/catalog", "v1", "x");
        Assert.Contains("catalog/one", (await service.JsonAsync("/v2/_catalog")).ToString(), StringComparison.Ordinal);
        using var viewer = server.Client(Callers.Viewer);
        var seen = (await viewer.JsonAsync("/v2/_catalog")).GetProperty("repositories").EnumerateArray().Select(name => name.GetString()!).ToList();
        Assert.Contains("acme/catalog", seen);
        Assert.All(seen, name => Assert.True(name.StartsWith("acme/", StringComparison.Ordinal) || name.StartsWith("stacks/", StringComparison.Ordinal)));
    }
}
