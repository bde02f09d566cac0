using Mesh.Ingestion.V1;
using Mesh.Testing;
using Npgsql;

namespace Mesh.Builder.Tests.Sboms;

[Trait("Needs", "servers")]
public sealed class SbomDeliveryTests(SbomServers servers) : IClassFixture<SbomServers>
{
    [Fact]
    public async Task Two_builders_share_the_work_and_send_nothing_twice()
    {
        const int images = 60;
        var before = await servers.CountAsync("delivered");
        var names = new List<string>();
        for (var image = 0; image < images; image++)
            names.Add(await servers.AddAsync("shared", SbomServers.Digest(image), "a", "b"));
        await servers.ToldAsync("shared");

        // Each attempt is counted before its row is gone.
        Assert.Equal(before + images, await servers.CountAsync("delivered"));
        foreach (var name in names)
        {
            var scan = (await servers.Scans.GetScanAsync(new GetScanRequest { Name = name }, SbomServers.Headers)).Scan;
            Assert.Equal((true, 2, "mesh-builder"), (scan.PackagesOnly, scan.PackageCount, scan.Scanner));
        }
    }

    [Fact]
    public async Task What_one_holds_no_other_takes()
    {
        foreach (var builder in servers.Builders)
            await builder.KillAsync();
        await servers.AddAsync("held", SbomServers.Digest(1), "a");
        await using var connection = await servers.Database.OpenConnectionAsync();
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await using var hold = new NpgsqlCommand("select from builder.sbom_outbox where app = 'held' for update", connection, transaction);
            await hold.ExecuteNonQueryAsync();
            await servers.AddAsync("free", SbomServers.Digest(1), "a");
            foreach (var builder in servers.Builders)
                await builder.StartAgainAsync();
            await servers.ToldAsync("free");
            Assert.Equal((1, 0), (await servers.NumberAsync("count(*)", "held"), await servers.NumberAsync("max(attempts)", "held")));
        }

        await servers.ToldAsync("held");
    }

    [Fact]
    public async Task While_ingestion_is_away_all_is_kept_and_told_after_restarts()
    {
        await servers.Ingestion.StopAsync();
        var name = await servers.AddAsync("away", SbomServers.Digest(1), "a", "b", "c");
        await Wait.UntilAsync("it was put off", async () => await servers.NumberAsync("max(attempts)", "away") > 0);
        foreach (var builder in servers.Builders)
            await builder.KillAsync();
        Assert.Equal(1, await servers.NumberAsync("count(*)", "away"));

        await servers.Ingestion.StartAgainAsync();
        foreach (var builder in servers.Builders)
            await builder.StartAgainAsync();
        await servers.ToldAsync("away");
        var packages = await servers.Scans.ListPackagesAsync(new ListPackagesRequest { Parent = name }, SbomServers.Headers);
        Assert.Equal(["pkg:npm/a@1.0", "pkg:npm/b@1.0", "pkg:npm/c@1.0"], packages.Packages.Select(package => package.Purl));
    }

    [Fact]
    public async Task What_ingestion_will_never_take_is_given_up_and_stops_nothing_else()
    {
        var before = await servers.CountAsync("refused");
        await servers.AddAsync("refused", "sha256:short", "a");
        await servers.AddAsync("refused", SbomServers.Digest(2), [.. Enumerable.Range(0, 100_001).Select(number => $"package-{number}")]);
        var name = await servers.AddAsync("refused", SbomServers.Digest(3), "a");
        await servers.ToldAsync("refused");
        Assert.Equal(before + 2, await servers.CountAsync("refused"));
        Assert.Equal(1, (await servers.Scans.GetScanAsync(new GetScanRequest { Name = name }, SbomServers.Headers)).Scan.PackageCount);
    }
}
