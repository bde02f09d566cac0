using Mesh.Ingestion.Tests.Alerts;
using Mesh.Ingestion.V1;
using Mesh.Scheduler.Tests.Service;
using Mesh.Scheduler.V1;
using Mesh.Testing;
using static Mesh.Ingestion.Tests.Scans.Scanner;
using static Mesh.Ingestion.V1.Alert.Types.State;

namespace Mesh.Ingestion.Tests.Scans;

[Trait("Needs", "servers")]
public sealed class RunningTests(ScanServers servers) : IClassFixture<ScanServers>
{
    private ScanService.ScanServiceClient Client => new(servers.Channel);

    [Fact]
    public async Task Findings_are_told_by_what_the_scheduler_runs()
    {
        const string workload = "tenants/running/workloads/shop-web";
        await servers.Scheduler.AgentAsync("findings");
        var (old, next) = (Image("running/shop", 'a'), Image("running/shop", 'b'));
        await Client.ScanAsync(old, [Finding("CVE-1", FindingSeverity.High)]);
        await Client.ScanAsync(next, [Finding("CVE-2", FindingSeverity.High)]);
        Assert.Empty(await RunningAsync(new()));
        var alerts = new AlertService.AlertServiceClient(servers.Channel);
        await AlertServers.CreateAsync(alerts, "running", new AlertPolicy { FindingMatch = new() { Severity = FindingSeverity.High, By = { "app" } } });

        await ApplyAsync(workload, old);
        await Wait.UntilAsync("the image runs", async () => (await RunningAsync(new())).SequenceEqual(["CVE-1"]));
        var all = await Client.ListFindingsAsync(new ListFindingsRequest { Parent = "tenants/running" }, Headers);
        Assert.Equal([[workload], []], all.Findings.Select(finding => finding.RunningWorkloads.ToArray()));
        Assert.NotNull(all.RunningTime);
        Assert.Equal(["CVE-1"], await RunningAsync(new() { Workload = workload }));
        Assert.Empty(await RunningAsync(new() { Workload = "tenants/running/workloads/other" }));
        Assert.Empty(await RunningAsync(new() { Image = next }));
        var alert = await AlertServers.AlertAsync(alerts, "running", Firing);
        Assert.Equal(("shop", 1.0), (alert.Labels["app"], alert.Value));

        await ApplyAsync(workload, next);
        await Wait.UntilAsync("the next image runs", async () => (await RunningAsync(new())).SequenceEqual(["CVE-2"]));
        await servers.Scheduler.Workloads.StopWorkloadAsync(new StopWorkloadRequest { Name = workload }, SchedulerFixture.Headers);
        Assert.Equal(alert.Name, (await AlertServers.AlertAsync(alerts, "running", Resolved)).Name);
        await Wait.UntilAsync("nothing runs", async () => (await RunningAsync(new())).Count == 0);
    }

    [Fact]
    public async Task An_image_in_which_nobody_looked_for_findings_ends_no_alert()
    {
        const string workload = "tenants/unexamined/workloads/shop-web";
        await servers.Scheduler.AgentAsync("unexamined");
        var (old, next) = (Image("unexamined/shop", 'a'), Image("unexamined/shop", 'b'));
        await Client.ScanAsync(old, [Finding("CVE-1", FindingSeverity.High)]);
        var told = await Client.TellAsync(next, ["a"]);
        var alerts = new AlertService.AlertServiceClient(servers.Channel);
        var policy = new AlertPolicy { FindingMatch = new() { Severity = FindingSeverity.High, By = { "app" } } };
        policy = await AlertServers.CreateAsync(alerts, "unexamined", policy);
        await ApplyAsync(workload, old, "unexamined");
        var alert = await AlertServers.AlertAsync(alerts, "unexamined", Firing);

        await ApplyAsync(workload, next, "unexamined");
        await Wait.UntilAsync("only the next image runs", async () =>
        {
            var request = new ListFindingsRequest { Parent = "tenants/unexamined", RunningOnly = true };
            var answer = await Client.ListFindingsAsync(request, Headers);
            return answer.Findings.Count == 0 && answer.UnexaminedImages.SequenceEqual([next]);
        });
        Assert.Equal([workload], (await Client.GetScanAsync(new GetScanRequest { Name = told.Name }, Headers)).Scan.RunningWorkloads);
        // The first evaluation may have begun before.
        for (var evaluation = 0; evaluation < 2; evaluation++)
        {
            var seen = await EvaluateTimeAsync();
            await Wait.UntilAsync("the policy is evaluated again", async () => await EvaluateTimeAsync() > seen);
        }

        Assert.Equal(alert.Name, (await AlertServers.AlertAsync(alerts, "unexamined", Firing)).Name);

        await Client.ScanAsync(next, []);
        Assert.Equal(alert.Name, (await AlertServers.AlertAsync(alerts, "unexamined", Resolved)).Name);

        async Task<DateTimeOffset> EvaluateTimeAsync() =>
            (await alerts.GetAlertPolicyAsync(new GetAlertPolicyRequest { Name = policy.Name }, Headers)).AlertPolicy.EvaluateTime.ToDateTimeOffset();
    }

    private Task<Workload> ApplyAsync(string name, string image, string node = "findings")
    {
        var spec = Specs.Web(count: 1, nodes: node);
        spec.Template.Image = image;
        return servers.Scheduler.ApplyAsync(name, spec);
    }

    private async Task<IReadOnlyList<string>> RunningAsync(ListFindingsRequest request)
    {
        (request.Parent, request.RunningOnly) = ("tenants/running", true);
        return [.. (await Client.ListFindingsAsync(request, Headers)).Findings.Select(finding => finding.Id)];
    }
}
