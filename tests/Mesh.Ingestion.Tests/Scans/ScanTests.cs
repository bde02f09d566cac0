using Grpc.Core;
using Mesh.Contracts;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using static Mesh.Ingestion.Tests.Scans.Scanner;
using Severity = Mesh.Ingestion.V1.FindingSeverity;

namespace Mesh.Ingestion.Tests.Scans;

[Trait("Needs", "servers")]
public sealed class ScanTests(IngestionServers servers) : IClassFixture<IngestionServers>
{
    private ScanService.ScanServiceClient Client => new(servers.Channel);

    [Fact]
    public async Task A_scan_is_kept_as_a_whole_and_replaced_by_a_later_one()
    {
        var (image, now) = (Image("whole/shop", 'a'), TimeProvider.System.GetUtcNow());
        var first = await Client.ScanAsync(
            image, [Finding("CVE-1", Severity.High), Finding("CVE-1", Severity.High), Finding("CVE-2", Severity.Low)], [Package("a"), Package("b")], now);
        Assert.Equal(("whole/shop", 2), (first.Image[..10], first.PackageCount));
        Assert.Equal(new Dictionary<string, int> { ["high"] = 1, ["low"] = 1 }, first.FindingCounts);
        Assert.Equal(first, (await Client.GetScanAsync(new GetScanRequest { Name = first.Name }, Headers)).Scan);
        Assert.Equal(["CVE-1", "CVE-2"], await IdsAsync(new() { Parent = "tenants/whole" }));

        await Client.ScanAsync(image, [Finding("CVE-3", Severity.Critical)], [Package("c")], now.AddSeconds(1));
        Assert.Equal(["CVE-3"], await IdsAsync(new() { Parent = "tenants/whole" }));
        var packages = await Client.ListPackagesAsync(new ListPackagesRequest { Parent = first.Name }, Headers);
        Assert.Equal(Package("c"), Assert.Single(packages.Packages));

        await FailsAsync(StatusCode.FailedPrecondition, () => Client.ScanAsync(image, [], time: now));
        Assert.Equal(["CVE-3"], await IdsAsync(new() { Parent = "tenants/whole" }));
        await Client.DeleteScanAsync(new DeleteScanRequest { Name = first.Name }, Headers);
        Assert.Empty(await IdsAsync(new() { Parent = "tenants/whole" }));
        await FailsAsync(StatusCode.NotFound, async () => await Client.GetScanAsync(new GetScanRequest { Name = first.Name }, Headers));
    }

    [Fact]
    public async Task A_stream_that_breaks_leaves_all_as_it_was()
    {
        var image = Image("broken/shop", 'a');
        await Client.ScanAsync(image, [Finding("CVE-1", Severity.High)]);
        var part = new WriteScanRequest { Batch = new() { Findings = { Finding("CVE-2", Severity.High) } } };
        using (var cut = await Client.StartAsync(image))
            await Scanner.SendAsync(cut, part);
        using (var ended = await Client.StartAsync(image))
        {
            await Scanner.SendAsync(ended, part);
            await ended.RequestStream.TryCompleteAsync();
            await FailsAsync(StatusCode.InvalidArgument, async () => await ended.ResponseAsync);
        }

        using (var counted = await Client.StartAsync(image))
        {
            await Scanner.SendAsync(counted, part);
            await Scanner.SendAsync(counted, new() { Commit = new() { FindingCount = 2 } });
            await FailsAsync(StatusCode.FailedPrecondition, async () => await counted.ResponseAsync);
        }

        Assert.Equal(["CVE-1"], await IdsAsync(new() { Parent = "tenants/broken" }));
    }

    [Fact]
    public async Task What_is_wrong_or_too_much_is_refused()
    {
        var image = Image("wrong/shop", 'a');
        await FailsAsync(StatusCode.PermissionDenied, () => Client.ScanAsync(image, [], headers: IngestionProcess.Headers));
        await FailsAsync(StatusCode.Unauthenticated, () => Client.ScanAsync(image, [], headers: []));
        await FailsAsync(StatusCode.InvalidArgument, () => Client.ScanAsync("wrong/shop:latest", []));
        await FailsAsync(StatusCode.InvalidArgument, () => Client.ScanAsync(image, [], time: TimeProvider.System.GetUtcNow().AddDays(1)));
        var finding = Finding("CVE-1", Severity.High);
        foreach (var bad in new Action<ImageFinding>[]
            { f => f.Id = "", f => f.Package = new string('x', 501), f => f.Urls.Add("javascript:alert(1)"), f => f.Title = "a\0b", f => f.Severity = (Severity)9 })
        {
            var wrong = finding.Clone();
            bad(wrong);
            await FailsAsync(StatusCode.InvalidArgument, () => Client.ScanAsync(image, [wrong]));
        }

        using var call = await Client.StartAsync(image);
        var batch = new WriteScanRequest.Types.Batch();
        batch.Findings.Add(Enumerable.Repeat(finding, 20_001));
        await FailsAsync(StatusCode.ResourceExhausted, async () =>
        {
            await Scanner.SendAsync(call, new() { Batch = batch });
            await call.ResponseAsync;
        });
        Assert.Empty(await IdsAsync(new() { Parent = "tenants/wrong" }));
    }

    [Fact]
    public async Task Findings_are_listed_by_filter_and_page_and_only_in_their_tenant()
    {
        var (shop, blog) = (Image("listed/shop", 'a'), Image("listed/blog", 'b'));
        await Client.ScanAsync(shop, [Finding("CVE-1", Severity.Low), Finding("CVE-2", Severity.Critical, "zlib", "1.1"), Finding("CVE-3", Severity.High)]);
        await Client.ScanAsync(blog, [Finding("CVE-2", Severity.Critical, "zlib"), Finding("CVE-4", Severity.Unspecified)]);
        await Client.ScanAsync(Image("foreign/shop", 'a'), [Finding("CVE-9", Severity.Critical)]);

        var all = new ListFindingsRequest { Parent = "tenants/listed" };
        Assert.Equal(["CVE-2", "CVE-2", "CVE-3", "CVE-1", "CVE-4"], await IdsAsync(all));
        Assert.Equal(["CVE-2", "CVE-2", "CVE-3"], await IdsAsync(new(all) { Severity = Severity.High }));
        Assert.Equal(["CVE-2", "CVE-4"], await IdsAsync(new(all) { App = "tenants/listed/apps/blog" }));
        Assert.Equal(["CVE-2", "CVE-3", "CVE-1"], await IdsAsync(new(all) { Image = shop }));
        Assert.Equal(["CVE-2"], await IdsAsync(new(all) { FixableOnly = true, Id = "CVE-2" }));
        await FailsAsync(StatusCode.InvalidArgument, () => IdsAsync(new(all) { Image = Image("foreign/shop", 'a') }));

        var paged = new List<string>();
        var request = all.Clone();
        request.PageSize = 2;
        do
        {
            var page = await Client.ListFindingsAsync(request, Headers);
            paged.AddRange(page.Findings.Select(finding => $"{finding.Id} {finding.App}"));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        Assert.Equal(
            ["CVE-2 tenants/listed/apps/blog", "CVE-2 tenants/listed/apps/shop", "CVE-3 tenants/listed/apps/shop", "CVE-1 tenants/listed/apps/shop",
                "CVE-4 tenants/listed/apps/blog"], paged);

        var scans = await Client.ListScansAsync(new ListScansRequest { Parent = "tenants/listed/repositories/-", PageSize = 1 }, Headers);
        Assert.Equal(blog, Assert.Single(scans.Scans).Image);
        scans = await Client.ListScansAsync(
            new ListScansRequest { Parent = "tenants/listed/repositories/-", PageSize = 1, PageToken = scans.NextPageToken }, Headers);
        Assert.Equal((shop, ""), (Assert.Single(scans.Scans).Image, scans.NextPageToken));
    }

    [Fact]
    public async Task Without_a_scheduler_findings_are_told_and_running_ones_are_not_guessed()
    {
        await Client.ScanAsync(Image("away/shop", 'a'), [Finding("CVE-1", Severity.High)]);
        var response = await Client.ListFindingsAsync(new ListFindingsRequest { Parent = "tenants/away" }, Headers);
        Assert.Empty(Assert.Single(response.Findings).RunningWorkloads);
        Assert.Null(response.RunningTime);
        await FailsAsync(StatusCode.Unavailable, () => IdsAsync(new() { Parent = "tenants/away", RunningOnly = true }));
    }

    private static async Task FailsAsync(StatusCode code, Func<Task> call) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<RpcException>(call)).StatusCode);

    private async Task<IReadOnlyList<string>> IdsAsync(ListFindingsRequest request) =>
        [.. (await Client.ListFindingsAsync(request, Headers)).Findings.Select(finding => finding.Id)];
}
