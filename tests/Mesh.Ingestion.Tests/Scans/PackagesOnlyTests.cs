using Grpc.Core;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using static Mesh.Ingestion.Tests.Scans.Scanner;

namespace Mesh.Ingestion.Tests.Scans;

/// <summary>What a builder knows of an image, and what a scanner does, in any order.</summary>
[Trait("Needs", "servers")]
public sealed class PackagesOnlyTests(IngestionServers servers) : IClassFixture<IngestionServers>
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    private ScanService.ScanServiceClient Client => new(servers.Channel);

    [Fact]
    public async Task Packages_alone_are_kept_and_say_that_nobody_looked_for_findings()
    {
        var image = Image("alone/shop", 'a');
        var told = await Client.TellAsync(image, ["a", "b"], Now);
        Assert.True(told.PackagesOnly);
        Assert.Equal((2, 0), (told.PackageCount, told.FindingCounts.Count));
        Assert.Equal(told, (await Client.GetScanAsync(new GetScanRequest { Name = told.Name }, Headers)).Scan);
        Assert.Equal(["a", "b"], await PackagesAsync(told));

        var findings = await Client.ListFindingsAsync(new ListFindingsRequest { Parent = "tenants/alone", Image = image }, Headers);
        Assert.Equal([image], findings.UnexaminedImages);
        await Client.ScanAsync(image, []);
        findings = await Client.ListFindingsAsync(new ListFindingsRequest { Parent = "tenants/alone", Image = image }, Headers);
        Assert.Empty(findings.UnexaminedImages);
    }

    [Fact]
    public async Task Later_packages_replace_earlier_ones_and_earlier_ones_change_nothing()
    {
        var image = Image("twice/shop", 'a');
        await Client.TellAsync(image, ["a", "b"], Now);
        Assert.Equal(1, (await Client.TellAsync(image, ["c"], Now.AddSeconds(1))).PackageCount);
        var kept = await Client.TellAsync(image, ["d", "e", "f"], Now);
        Assert.Equal((1, Now.AddSeconds(1).ToUnixTimeMilliseconds()), (kept.PackageCount, kept.ScanTime.ToDateTimeOffset().ToUnixTimeMilliseconds()));
        Assert.Equal(["c"], await PackagesAsync(kept));
    }

    [Theory]
    [InlineData(-60)]
    [InlineData(60)]
    public async Task Packages_alone_take_nothing_from_a_scan_that_looked_for_findings(int seconds)
    {
        var image = Image($"kept{seconds + 60}/shop", 'a');
        var scan = await Client.ScanAsync(image, [Finding("CVE-1", FindingSeverity.High)], [Package("a")], Now.AddMinutes(-5));
        var kept = await Client.TellAsync(image, ["b", "c"], Now.AddMinutes(-5).AddSeconds(seconds));
        Assert.Equal(scan, kept);
        Assert.Equal(["a"], await PackagesAsync(scan));
        Assert.Equal(["CVE-1"], await FindingsAsync(image));
    }

    [Theory]
    [InlineData(-60)]
    [InlineData(60)]
    public async Task A_scan_that_looked_for_findings_replaces_packages_alone_even_when_it_is_a_little_older(int seconds)
    {
        var image = Image($"full{seconds + 60}/shop", 'a');
        await Client.TellAsync(image, ["a", "b"], Now.AddMinutes(-5));
        var scan = await Client.ScanAsync(image, [Finding("CVE-1", FindingSeverity.High)], [Package("c")], Now.AddMinutes(-5).AddSeconds(seconds));
        Assert.Equal((false, 1), (scan.PackagesOnly, scan.PackageCount));
        Assert.Equal(["c"], await PackagesAsync(scan));
        Assert.Equal(["CVE-1"], await FindingsAsync(image));

        var outdated = await Assert.ThrowsAsync<RpcException>(() => Client.ScanAsync(image, [], time: Now.AddMinutes(-10)));
        Assert.Equal(StatusCode.FailedPrecondition, outdated.StatusCode);
    }

    [Fact]
    public async Task A_scanner_that_tells_no_packages_and_a_builder_complete_each_other_in_either_order()
    {
        var (first, second) = (Image("both/shop", 'a'), Image("both/shop", 'b'));
        await Client.TellAsync(first, ["a", "b"], Now);
        var scan = await Client.ScanAsync(first, [Finding("CVE-1", FindingSeverity.High)], time: Now.AddSeconds(-1));
        Assert.Equal((false, 2), (scan.PackagesOnly, scan.PackageCount));
        Assert.Equal(["a", "b"], await PackagesAsync(scan));

        var found = await Client.ScanAsync(second, [Finding("CVE-1", FindingSeverity.High)], time: Now);
        var filled = await Client.TellAsync(second, ["a", "b"], Now.AddSeconds(-1));
        found.PackageCount = 2;
        Assert.Equal(found, filled);
        Assert.Equal(["a", "b"], await PackagesAsync(filled));
        Assert.Equal(["CVE-1"], await FindingsAsync(second));
    }

    [Fact]
    public async Task Packages_alone_come_without_findings()
    {
        var image = Image("none/shop", 'a');
        var error = await Assert.ThrowsAsync<RpcException>(
            () => Client.ScanAsync(image, [Finding("CVE-1", FindingSeverity.High)], [Package("a")], packagesOnly: true));
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Empty(await FindingsAsync(image));
    }

    private async Task<IReadOnlyList<string>> PackagesAsync(ImageScan scan) =>
        [.. (await Client.ListPackagesAsync(new ListPackagesRequest { Parent = scan.Name }, Headers)).Packages.Select(package => package.Name)];

    private async Task<IReadOnlyList<string>> FindingsAsync(string image)
    {
        var request = new ListFindingsRequest { Parent = "tenants/" + image.Split('/')[0], Image = image };
        return [.. (await Client.ListFindingsAsync(request, Headers)).Findings.Select(finding => finding.Id)];
    }
}
