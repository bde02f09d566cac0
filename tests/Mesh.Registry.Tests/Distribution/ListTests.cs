using System.Net;
using System.Text.Json;
using Mesh.Registry.Blobs;
using Mesh.Registry.Manifests;
using Mesh.Registry.Tests.Servers;

namespace Mesh.Registry.Tests.Distribution;

[Collection(SharedRegistry.Name)]
[Trait("Needs", "servers")]
public sealed class ListTests(RegistryServer server)
{
    private readonly OciClient client = server.Client(Callers.Developer);

    [Fact]
    public async Task Tags_come_in_ASCII_order_page_by_page()
    {
        string[] tags = ["b", "A", "a", "_", "1", "a-1", "B"];
        foreach (var tag in tags) await client.PushImageAsync("acme/tags", tag, "layer");
        var expected = tags.Order(StringComparer.Ordinal).ToList();
        Assert.Equal(expected, Names(await client.JsonAsync("/v2/acme/tags/tags/list")));
        Assert.Empty(Names(await client.JsonAsync("/v2/acme/tags/tags/list?n=0")));
        Assert.Equal(expected[4..6], Names(await client.JsonAsync($"/v2/acme/tags/tags/list?n=2&last={expected[3]}")));

        var seen = new List<string>();
        for (var address = "/v2/acme/tags/tags/list?n=3"; address is not null;)
        {
            using var page = await client.ExpectAsync(HttpStatusCode.OK, "GET", address);
            seen.AddRange(Names(JsonSerializer.Deserialize<JsonElement>(await page.Content.ReadAsStringAsync())));
            address = page.Headers.TryGetValues("Link", out var link) ? link.Single().Split('<', '>')[1] : null;
        }
        Assert.Equal(expected, seen);
    }

    [Fact]
    public async Task An_unknown_repository_has_no_tags()
    {
        await client.ExpectErrorAsync(HttpStatusCode.NotFound, "NAME_UNKNOWN", "GET", "/v2/acme/nowhere/tags/list");
        await client.ExpectErrorAsync(HttpStatusCode.BadRequest, "UNKNOWN", "GET", "/v2/acme/nowhere/tags/list?n=many");
    }

    [Fact]
    public async Task Referrers_are_found_by_their_subject()
    {
        var image = await client.PushImageAsync("acme/signed", "v1", "layer");
        Assert.Empty((await client.JsonAsync($"/v2/acme/signed/referrers/{image}")).GetProperty("manifests").EnumerateArray());

        var bill = Images.Manifest("layer", image.ToString(), "application/vnd.cyclonedx+json");
        using var pushed = await client.ExpectAsync(
            HttpStatusCode.Created, "PUT", $"/v2/acme/signed/manifests/{Digest.Of(bill)}", bill, MediaTypes.OciManifest);
        Assert.Equal(image.ToString(), pushed.Headers.GetValues("OCI-Subject").Single());
        var signature = await client.PushImageAsync("acme/signed", null, "layer", image.ToString());

        var all = (await client.JsonAsync($"/v2/acme/signed/referrers/{image}")).GetProperty("manifests").EnumerateArray().ToList();
        Assert.Equal(
            new[] { Digest.Of(bill).ToString(), signature.ToString() }.Order(StringComparer.Ordinal),
            all.Select(part => part.GetProperty("digest").GetString()));
        Assert.Contains(all, part => part.GetProperty("artifactType").GetString() == Images.ConfigType);

        using var filtered = await client.ExpectAsync(
            HttpStatusCode.OK, "GET", $"/v2/acme/signed/referrers/{image}?artifactType=application/vnd.cyclonedx%2Bjson");
        Assert.Equal("artifactType", filtered.Headers.GetValues("OCI-Filters-Applied").Single());
        Assert.Equal(MediaTypes.OciIndex, filtered.Content.Headers.ContentType!.MediaType);
        var one = JsonSerializer.Deserialize<JsonElement>(await filtered.Content.ReadAsStringAsync()).GetProperty("manifests").EnumerateArray().Single();
        Assert.Equal(bill.Length, one.GetProperty("size").GetInt32());
    }

    [Fact]
    public async Task A_subject_need_not_exist()
    {
        var nobody = Digest.Of("nobody"u8);
        Assert.Empty((await client.JsonAsync($"/v2/acme/free/referrers/{nobody}")).GetProperty("manifests").EnumerateArray());
        await client.PushImageAsync("acme/free", null, "layer", nobody.ToString());
        Assert.Single((await client.JsonAsync($"/v2/acme/free/referrers/{nobody}")).GetProperty("manifests").EnumerateArray());
        await client.ExpectErrorAsync(HttpStatusCode.BadRequest, "DIGEST_INVALID", "GET", "/v2/acme/free/referrers/v1");
    }

    private static List<string> Names(JsonElement list) => [.. list.GetProperty("tags").EnumerateArray().Select(name => name.GetString()!)];
}
