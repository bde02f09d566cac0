using Grpc.Core;
using Mesh.Contracts;
using Mesh.Ingestion.V1;
using Mesh.Testing;
using State = Mesh.Builder.V1.Build.Types.State;

namespace Mesh.Builder.Tests.Sboms;

/// <summary>From a real build to ingestion's tables.</summary>
[Trait("Needs", "servers")]
[Collection(nameof(BuilderCollection))]
public sealed class SbomBuildTests(BuilderFixture fixture)
{
    private const string Package = """{"name":"app","version":"1.0.0","dependencies":{"ms":"2.1.3"}}""";
    private const string Locked = """
        {"name":"app","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{
          "":{"name":"app","version":"1.0.0","dependencies":{"ms":"2.1.3"}},
          "node_modules/ms":{"version":"2.1.3","license":"MIT",
            "integrity":"sha512-6FlzubTLZG3J2a/NVCAleEhjzq5oxgHyaCU9yYXvcLsvoVaHJq/s5xXI6/XXP6tz7R9xAOtHnSO/tXtF3WRTlA=="}}}
        """;

    [Fact]
    public async Task Ingestion_learns_what_is_in_an_image_even_when_it_was_away_and_the_builder_was_killed()
    {
        var app = await fixture.CreateAppAsync("contents");
        var archive = BuilderFixture.Archive(("package.json", Package), ("package-lock.json", Locked), ("server.js", "1"));
        var (build, log) = await fixture.BuildAsync(app, archive, skipRelease: true);
        Assert.True(build.State == State.Succeeded, log);
        Assert.Equal(1, await fixture.WaitingSbomsAsync(app));

        await fixture.BuilderProcess.KillAsync();
        var scans = await fixture.StartIngestionAsync();
        await fixture.BuilderProcess.StartAgainAsync();
        await ToldAsync(app);
        var name = $"tenants/acme/repositories/contents/scans/{build.Image.Split('@')[1]}";
        var scan = (await scans.GetScanAsync(new GetScanRequest { Name = name })).Scan;
        Assert.Equal((build.Image, true), (scan.Image, scan.PackagesOnly));
        var packages = (await scans.ListPackagesAsync(new ListPackagesRequest { Parent = name, PageSize = 1000 })).Packages;
        Assert.Equal(scan.PackageCount, packages.Count);
        Assert.Contains(packages, package => package.Purl == "pkg:npm/ms@2.1.3");
        Assert.Contains(packages, package => package.Purl.StartsWith("pkg:deb/debian/nodejs@", StringComparison.Ordinal) && package.Name == "nodejs");

        // The same source gives the same image, and what a scanner found in it stays.
        await FindAsync(scans, build.Image);
        var again = await fixture.BuildAsync(app, archive, skipRelease: true);
        Assert.Equal(build.Image, again.Build.Image);
        await ToldAsync(app);
        scan = (await scans.GetScanAsync(new GetScanRequest { Name = name })).Scan;
        Assert.Equal((false, 1, packages.Count), (scan.PackagesOnly, scan.FindingCounts["high"], scan.PackageCount));
    }

    // It was put off for at most a minute while ingestion was away.
    private Task ToldAsync(string app) =>
        Wait.UntilAsync("ingestion is told", async () => await fixture.WaitingSbomsAsync(app) == 0, TimeSpan.FromMinutes(3));

    private async Task FindAsync(ScanService.ScanServiceClient scans, string image)
    {
        // Scans are written by operators and the builder, and by no other program.
        var token = fixture.TokenOf("builder");
        using var call = scans.WriteScan(new Metadata { { "authorization", "Bearer " + token } });
        var found = new ImageFinding { Id = "CVE-2026-0001", Severity = FindingSeverity.High, Package = "ms", Version = "2.1.3" };
        await call.RequestStream.TryWriteAsync(new() { Start = new() { Scan = new() { Image = image, Scanner = "test" } } });
        await call.RequestStream.TryWriteAsync(new() { Batch = new() { Findings = { found } } });
        await call.RequestStream.TryWriteAsync(new() { Commit = new() { FindingCount = 1 } });
        await call.RequestStream.TryCompleteAsync();
        await call.ResponseAsync;
    }
}
