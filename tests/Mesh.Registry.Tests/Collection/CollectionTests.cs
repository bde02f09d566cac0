using System.Net;
using Grpc.Core;
using Mesh.Registry.Blobs;
using Mesh.Registry.Tests.Servers;
using Mesh.Registry.V1;
using Npgsql;

namespace Mesh.Registry.Tests.Collection;

/// <summary>Collection with a grace window of zero: whatever nothing uses goes at once, and nothing else.</summary>
[Trait("Needs", "servers")]
public sealed class CollectionTests : IAsyncLifetime
{
    private RegistryServer server = null!;
    private OciClient client = null!;

    public async Task InitializeAsync()
    {
        server = await RegistryServer.StartAsync(
            ("MESH_REGISTRY_COLLECTION_GRACE_SECONDS", "0"), ("MESH_REGISTRY_COLLECTION_INTERVAL_SECONDS", "3600"), ("MESH_REGISTRY_UPLOAD_GRACE_SECONDS", "3600"));
        client = server.Client(Callers.Admin);

        // It may come as late as it likes, and would take what a test has just pushed.
        await Testing.Wait.UntilAsync(
            "the collection of the start has ended", () => server.Process.Output.Contains("\"Collected 0 blobs", StringComparison.Ordinal));
    }

    public async Task DisposeAsync()
    {
        client.Dispose();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task What_a_manifest_needs_stays_and_the_rest_goes()
    {
        var image = await client.PushImageAsync("acme/kept", "v1", "kept layer");
        var unused = await client.PushBlobAsync("acme/kept", "unused");
        Assert.Equal((1, 6), await CollectAsync());
        Assert.Equal("kept layer", await client.Http.GetStringAsync($"/v2/acme/kept/blobs/{Digest.Of("kept layer"u8)}"));
        await client.ExpectAsync(HttpStatusCode.NotFound, "HEAD", $"/v2/acme/kept/blobs/{unused}");
        Assert.Empty(Files(unused));

        await client.ExpectAsync(HttpStatusCode.Accepted, "DELETE", $"/v2/acme/kept/manifests/{image}");
        Assert.Equal((2, 12), await CollectAsync());
        Assert.Empty(Files(Digest.Of("kept layer"u8)));
        Assert.Equal(unused, await client.PushBlobAsync("acme/kept", "unused"));
    }

    [Fact]
    public async Task Bytes_stay_as_long_as_another_repository_has_them()
    {
        await client.PushImageAsync("acme/one", "v1", "shared");
        await client.PushImageAsync("acme/two", "v1", "shared");
        var (channel, invoker) = server.Channel(Callers.Admin);
        using var closing = channel;
        await new V1.ImageService.ImageServiceClient(invoker).DeleteRepositoryAsync(new DeleteRepositoryRequest { Name = "tenants/acme/repositories/one" });
        Assert.Equal((0, 0), await CollectAsync());
        Assert.Equal("shared", await client.Http.GetStringAsync($"/v2/acme/two/blobs/{Digest.Of("shared"u8)}"));
    }

    [Fact]
    public async Task Bytes_without_a_record_go_and_a_record_without_bytes_is_filled_again()
    {
        // As a kill leaves them: between the rename and the commit, and between the removal of bytes and of their record.
        var orphan = Digest.Of("orphan"u8);
        await File.WriteAllTextAsync(Path.Combine(server.Data, "blobs", "sha256", orphan.Hex[..2], orphan.Hex), "orphan");
        var hollow = await client.PushBlobAsync("acme/hollow", "hollow");
        File.Delete(Files(hollow).Single());
        await client.ExpectAsync(HttpStatusCode.NotFound, "HEAD", $"/v2/acme/hollow/blobs/{hollow}");
        await client.PushBlobAsync("acme/hollow", "hollow");
        Assert.Equal("hollow", await client.Http.GetStringAsync($"/v2/acme/hollow/blobs/{hollow}"));
        await client.PushImageAsync("acme/hollow", "v1", "hollow");
        Assert.Equal((1, 6), await CollectAsync());
        Assert.Empty(Files(orphan));
    }

    [Fact]
    public async Task Bytes_in_the_storage_of_another_database_are_left_alone()
    {
        var stranger = Digest.Of("of another database"u8);
        await File.WriteAllTextAsync(Path.Combine(server.Data, "blobs", "sha256", stranger.Hex[..2], stranger.Hex), "of another database");
        await using var connection = new NpgsqlConnection(server.Database);
        await connection.OpenAsync();
        await using (var command = new NpgsqlCommand("update registry.storage set id = gen_random_uuid()", connection))
            Assert.Equal(1, await command.ExecuteNonQueryAsync());
        Assert.Equal((0, 0), await CollectAsync());
        Assert.Single(Files(stranger));
    }

    [Fact]
    public async Task Abandoned_uploads_go_at_the_next_start()
    {
        var address = await client.BeginAsync("acme/abandoned");
        await client.ExpectAsync(HttpStatusCode.Accepted, "PATCH", address, "half"u8.ToArray());
        var upload = Directory.GetFiles(Path.Combine(server.Data, "uploads")).Single();
        var stray = Path.Combine(server.Data, "uploads", Guid.NewGuid().ToString());
        await File.WriteAllTextAsync(stray, "left by a killed process");
        await server.Process.KillAsync();
        foreach (var file in (string[])[upload, stray]) File.SetLastWriteTimeUtc(file, File.GetLastWriteTimeUtc(file).AddHours(-2));
        await server.StartAgainAsync();
        await Testing.Wait.UntilAsync("the uploads are gone", () => Directory.GetFiles(Path.Combine(server.Data, "uploads")).Length == 0);
        await client.ExpectErrorAsync(HttpStatusCode.NotFound, "BLOB_UPLOAD_UNKNOWN", "GET", address);
    }

    [Fact]
    public async Task Pushes_that_run_beside_collections_lose_nothing()
    {
        using var stop = new CancellationTokenSource();
        var collecting = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested) await CollectAsync();
        });
        var pushed = new List<(string Tag, string Layer)>();
        for (var number = 0; number < 40; number++)
        {
            // With no grace at all a blob may go before its manifest comes: then the push is refused and begun again.
            var layer = $"layer {number % 5}";
            for (var done = false; !done;)
            {
                await client.PushBlobAsync("acme/busy", "{}");
                await client.PushBlobAsync("acme/busy", layer);
                using var answer = await client.SendAsync("PUT", $"/v2/acme/busy/manifests/v{number}", Images.Manifest(layer), Mesh.Registry.Manifests.MediaTypes.OciManifest);
                done = answer.StatusCode == HttpStatusCode.Created;
                Assert.True(done || answer.StatusCode == HttpStatusCode.NotFound, await answer.Content.ReadAsStringAsync());
            }
            pushed.Add(($"v{number}", layer));
            if (number % 7 == 6) await client.ExpectAsync(HttpStatusCode.Accepted, "DELETE", $"/v2/acme/busy/manifests/v{number}");
        }
        await stop.CancelAsync();
        await collecting;
        foreach (var layer in pushed.Select(image => image.Layer).Distinct())
            Assert.Equal(layer, await client.Http.GetStringAsync($"/v2/acme/busy/blobs/{Digest.Of(System.Text.Encoding.UTF8.GetBytes(layer))}"));
    }

    [Fact]
    public async Task Row_level_security_holds_the_service_to_its_tenant()
    {
        await client.PushImageAsync("acme/secured", "v1", "layer");
        await using var connection = new NpgsqlConnection(server.Database);
        await connection.OpenAsync();
        foreach (var table in (string[])["repositories", "blob_links", "manifests", "manifest_blobs", "tags"])
        {
            Assert.NotEqual(0, await CountAsync(connection, table, "acme"));
            Assert.NotEqual(0, await CountAsync(connection, table, "*"));
            Assert.Equal(0, await CountAsync(connection, table, "other"));
            Assert.Equal(0, await CountAsync(connection, table, ""));
        }
    }

    private static async Task<long> CountAsync(NpgsqlConnection connection, string table, string tenant)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        var sql = $"set local role mesh_registry; set local app.tenant = '{tenant}'; select count(*) from registry.{table}";
        await using var command = new NpgsqlCommand(sql, connection, transaction);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private string[] Files(Digest digest) => Directory.GetFiles(server.Data, digest.Hex, SearchOption.AllDirectories);

    private async Task<(long Blobs, long Bytes)> CollectAsync()
    {
        var (channel, invoker) = server.Channel(Callers.Operator);
        using var closing = channel;
        while (true)
        {
            try
            {
                var collected = await new V1.ImageService.ImageServiceClient(invoker).CollectGarbageAsync(new CollectGarbageRequest());
                return (collected.Blobs, collected.Bytes);
            }
            catch (RpcException busy) when (busy.StatusCode == StatusCode.Aborted)
            {
                await Task.Delay(20);
            }
        }
    }
}
