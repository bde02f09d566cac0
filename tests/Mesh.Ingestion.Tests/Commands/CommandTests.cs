using System.Diagnostics;
using System.Text.Json;
using Mesh.EndToEnd;
using Mesh.Ingestion.Tests.Alerts;
using Mesh.Ingestion.Tests.Scans;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Mesh.Servers;
using Mesh.Testing;
using static Mesh.Ingestion.Tests.Scans.Scanner;

namespace Mesh.Ingestion.Tests.Commands;

/// <summary>The `mesh` command against ingestion itself.</summary>
[Trait("Needs", "servers")]
public sealed class CommandTests(IngestionServers servers) : IClassFixture<IngestionServers>
{
    [Fact]
    public async Task Policies_are_made_from_templates_and_flags_shown_cloned_and_destroyed()
    {
        Assert.Contains("app-critical-findings", await MeshAsync("policies", "alerts", "policies", "templates"), StringComparison.Ordinal);
        var made = await JsonAsync("policies", "alerts", "policies", "create", "memory", "--template", "app-memory-near-limit", "--severity", "critical");
        Assert.Equal(("ALERT_SEVERITY_CRITICAL", "Memory near its limit"), (made.GetProperty("severity").GetString(), made.GetProperty("displayName").GetString()));
        await MeshAsync("policies", "alerts", "policies", "create", "errors", "--logs", "{}", "--contains", "error", "--window", "5m", "--count", "10");
        await MeshAsync("policies", "alerts", "policies", "clone", "errors", "more-errors");
        await MeshAsync("policies", "alerts", "policies", "clone", "alertPolicyTemplates/app-restarts", "restarts");
        await MeshAsync("policies", "alerts", "policies", "destroy", "errors", "--yes");
        Assert.Contains("10 log records in 300 s", await MeshAsync("policies", "alerts", "policies", "info", "more-errors"), StringComparison.Ordinal);
        var list = await JsonAsync("policies", "alerts", "policies", "list");
        Assert.Equal(
            ["memory", "more-errors", "restarts"],
            list.GetProperty("alertPolicies").EnumerateArray().Select(policy => policy.GetProperty("name").GetString()!.Split('/')[^1]));
        var missing = await RunAsync("policies", "alerts", "policies", "info", "errors");
        Assert.Equal((3, "mesh: The tenant `policies` has no policy `errors`."), (missing.ExitCode, missing.Errors.Trim()));
    }

    [Fact]
    public async Task Policies_are_changed_paused_and_resumed()
    {
        await MeshAsync("changed", "alerts", "policies", "create", "queue", "--metric", "queue_length", "--above", "10", "--window", "5m", "--hold", "1m", "--label", "team=a");
        var changed = await JsonAsync("changed", "alerts", "policies", "update", "queue", "--below", "3", "--severity", "critical", "--hold", "0s");
        var threshold = changed.GetProperty("threshold");
        Assert.Equal(("queue_length", "BELOW", 3, "300s"), (
            threshold.GetProperty("selector").GetString(), threshold.GetProperty("comparison").GetString()!.Split('_')[^1],
            threshold.GetProperty("value").GetInt32(), threshold.GetProperty("window").GetString()));
        Assert.Equal(("ALERT_SEVERITY_CRITICAL", "a", "0s"), (
            changed.GetProperty("severity").GetString(), changed.GetProperty("labels").GetProperty("team").GetString(), changed.GetProperty("holdDuration").GetString()));

        Assert.Matches("Evaluated: +paused", await MeshAsync("changed", "alerts", "policies", "pause", "queue"));
        Assert.Matches("Evaluated: +paused", await MeshAsync("changed", "alerts", "policies", "update", "queue", "--display-name", "Queue"));
        Assert.DoesNotContain("paused", await MeshAsync("changed", "alerts", "policies", "resume", "queue"), StringComparison.Ordinal);
        var other = await JsonAsync("changed", "alerts", "policies", "update", "queue", "--absent", "queue_length", "--window", "1h");
        Assert.Equal(("3600s", false), (other.GetProperty("absence").GetProperty("window").GetString(), other.TryGetProperty("threshold", out _)));
        Assert.Equal("Queue", other.GetProperty("displayName").GetString());

        var told = await JsonAsync("changed", "alerts", "policies", "update", "queue", "--webhook", "http://127.0.0.1:9/", "--webhook-secret", "0123456789abcdef", "--label", "tier=1");
        Assert.Equal("http://127.0.0.1:9/", told.GetProperty("webhook").GetProperty("url").GetString());
        var silent = await JsonAsync("changed", "alerts", "policies", "update", "queue", "--no-webhook", "--label", "team-");
        Assert.False(silent.TryGetProperty("webhook", out _));
        Assert.Equal("tier", Assert.Single(silent.GetProperty("labels").EnumerateObject()).Name);
        Assert.Equal("http://127.0.0.1:9/", (await JsonAsync(
            "changed", "alerts", "policies", "update", "queue", "--webhook", "http://127.0.0.1:9/", "--webhook-secret", "0123456789abcdef"))
            .GetProperty("webhook").GetProperty("url").GetString());

        // What does not belong to the condition is not passed over.
        Assert.Equal(2, (await RunAsync("changed", "alerts", "policies", "update", "queue", "--above", "5")).ExitCode);
        Assert.Equal(3, (await RunAsync("changed", "alerts", "policies", "update", "nothing", "--hold", "5m")).ExitCode);
    }

    [Fact]
    public async Task Alerts_are_listed_acknowledged_and_followed_back()
    {
        await MeshAsync("alerts", "alerts", "policies", "create", "silence", "--absent", "silence", "--window", "1s", "--label", "team=a");
        var alert = await AlertServers.AlertAsync(new AlertService.AlertServiceClient(servers.Channel), "alerts", Alert.Types.State.Firing);
        var id = alert.Name.Split('/')[^1];
        var listed = await MeshAsync("alerts", "alerts", "list");
        Assert.Contains(id, listed, StringComparison.Ordinal);
        Assert.Contains("team=a", listed, StringComparison.Ordinal);
        Assert.DoesNotContain(id, await MeshAsync("alerts", "alerts", "list", "--state", "resolved"), StringComparison.Ordinal);
        Assert.Contains("services/agent", await MeshAsync("alerts", "alerts", "ack", id), StringComparison.Ordinal);
        Assert.Matches("State: +firing", await MeshAsync("alerts", "alerts", "info", id));
        Assert.Equal(3, (await RunAsync("alerts", "alerts", "info", Guid.Empty.ToString())).ExitCode);
        Assert.Matches($"Z firing +warning +silence 0 \\{{team=a\\}} {id} acknowledged by agent", await FirstLineAsync("alerts", "alerts", "watch"));
        var step = JsonDocument.Parse(await FirstLineAsync("alerts", "alerts", "watch", "-o", "json")).RootElement;
        Assert.Equal(alert.Name, step.GetProperty("alert").GetProperty("name").GetString());
        var rest = JsonDocument.Parse(await FirstLineAsync("alerts", "alerts", "watch", "-o", "json", "--cursor", step.GetProperty("cursor").GetString()!)).RootElement;
        Assert.False(rest.TryGetProperty("alert", out _));
        Assert.Equal(2, (await RunAsync("alerts", "alerts", "watch", "--cursor", "x")).ExitCode);
        var history = await JsonAsync("alerts", "alerts", "history", id);
        var last = history.GetProperty("alertChanges").EnumerateArray().Last();
        Assert.Equal("services/agent", last.GetProperty("acknowledgedBy").GetString());
        Assert.Contains("ALERT", await MeshAsync("alerts", "alerts", "deliveries"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Findings_are_listed()
    {
        var client = new ScanService.ScanServiceClient(servers.Channel);
        await client.ScanAsync(Image("findings/shop", 'a'), [Finding("CVE-1", FindingSeverity.Low), Finding("CVE-2", FindingSeverity.Critical, fixedVersion: "1.1")]);
        var table = await MeshAsync("findings", "findings", "list", "--severity", "high", "--app", "shop");
        Assert.Contains("CVE-2", table, StringComparison.Ordinal);
        Assert.DoesNotContain("CVE-1", table, StringComparison.Ordinal);
        var all = await JsonAsync("findings", "findings", "list");
        Assert.Equal(["CVE-2", "CVE-1"], all.GetProperty("findings").EnumerateArray().Select(finding => finding.GetProperty("id").GetString()));
        Assert.Equal(5, (await RunAsync("findings", "findings", "list", "--running")).ExitCode);
    }

    [Fact]
    public async Task Images_and_their_packages_are_listed_and_what_nobody_looked_at_is_told()
    {
        var client = new ScanService.ScanServiceClient(servers.Channel);
        var (image, scanned) = (Image("contents/shop", 'a'), Image("contents/blog", 'b'));
        await client.TellAsync(image, ["openssl", "zlib"]);
        await client.ScanAsync(scanned, []);
        var images = await MeshAsync("contents", "findings", "images");
        Assert.Matches($"{image} +2 +not looked for", images);
        Assert.Matches($"{scanned} +0 +0", images);
        Assert.DoesNotContain(scanned, await MeshAsync("contents", "findings", "images", "--app", "shop"), StringComparison.Ordinal);
        Assert.Contains("pkg:deb/debian/zlib@1.0", await MeshAsync("contents", "findings", "packages", image), StringComparison.Ordinal);
        Assert.Equal(2, (await RunAsync("contents", "findings", "packages", "shop")).ExitCode);

        var findings = await RunAsync("contents", "findings", "list", "--image", image);
        Assert.Contains($"Nobody has looked for findings in {image}.", findings.Succeeded().Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Nobody", (await RunAsync("contents", "findings", "list", "--image", scanned)).Succeeded().Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Retention_is_shown_set_and_reset()
    {
        Assert.Contains("rollups", await MeshAsync("kept", "tenants", "retention", "list"), StringComparison.Ordinal);
        Assert.Contains("Days:", await MeshAsync("kept", "tenants", "retention", "set", "logs", "3"), StringComparison.Ordinal);
        var policies = (await JsonAsync("kept", "tenants", "retention", "list")).GetProperty("retentionPolicies").EnumerateArray()
            .ToDictionary(policy => policy.GetProperty("name").GetString()!.Split('/')[^1], policy => policy.GetProperty("days").GetInt32());
        Assert.Equal((3, 0), (policies["logs"], policies["spans"]));
        Assert.Equal(0, (await JsonAsync("kept", "tenants", "retention", "reset", "logs")).GetProperty("days").GetInt32());
        Assert.Equal(2, (await RunAsync("kept", "tenants", "retention", "set", "logs", "15")).ExitCode);
        Assert.Equal(3, (await RunAsync("kept", "tenants", "retention", "set", "profiles", "5")).ExitCode);
    }

    [Fact]
    public async Task Targets_are_made_paused_resumed_and_destroyed()
    {
        var made = await MeshAsync("read", "targets", "create", "node", "http://127.0.0.1:9/metrics", "--interval", "1h", "--label", "rack=a1");
        Assert.Matches("Interval: +3600 s", made);
        Assert.Contains("rack=a1", made, StringComparison.Ordinal);
        Assert.Contains("paused", await MeshAsync("read", "targets", "pause", "node"), StringComparison.Ordinal);
        Assert.Matches("node +prometheus +paused", await MeshAsync("read", "targets", "list"));
        Assert.DoesNotContain("paused", await MeshAsync("read", "targets", "resume", "node"), StringComparison.Ordinal);
        var changed = await JsonAsync("read", "targets", "update", "node", "--interval", "2h", "--kind", "netdata", "--label", "rack-", "--label", "room=b", "--paused");
        Assert.Equal(("7200s", "KIND_NETDATA", "http://127.0.0.1:9/metrics", true), (
            changed.GetProperty("interval").GetString(), changed.GetProperty("kind").GetString(), changed.GetProperty("address").GetString(), changed.GetProperty("paused").GetBoolean()));
        Assert.Equal("room", Assert.Single(changed.GetProperty("labels").EnumerateObject()).Name);
        Assert.Matches("Address: +http://127.0.0.1:9/", await MeshAsync("read", "targets", "update", "node", "http://127.0.0.1:9/metrics", "--kind", "prometheus", "--paused", "false"));
        Assert.Equal(2, (await RunAsync("read", "targets", "update", "node", "ftp://a/")).ExitCode);
        Assert.Equal(3, (await RunAsync("read", "targets", "update", "none", "--paused")).ExitCode);
        Assert.Equal("http://127.0.0.1:9/metrics", (await JsonAsync("read", "targets", "info", "node")).GetProperty("address").GetString());
        await MeshAsync("read", "targets", "destroy", "node", "--yes");
        Assert.Equal(3, (await RunAsync("read", "targets", "info", "node")).ExitCode);
        Assert.Equal(2, (await RunAsync("read", "targets", "create", "node", "ftp://a/")).ExitCode);
        Assert.Equal(2, (await RunAsync("read", "targets", "create", "node", "http://a/", "--label", "rack")).ExitCode);
    }

    [Fact]
    public async Task Lists_of_many_pages_are_whole_and_limits_end_them()
    {
        var client = new ScanService.ScanServiceClient(servers.Channel);
        await client.ScanAsync(Image("pages/shop", 'a'), [.. Enumerable.Range(0, 2_100).Select(i => Finding($"CVE-{i:0000}", FindingSeverity.Low))]);
        var all = await JsonAsync("pages", "findings", "list", "--limit", "5000");
        Assert.Equal(2_100, all.GetProperty("findings").EnumerateArray().Select(finding => finding.GetProperty("id").GetString()).Distinct().Count());
        Assert.Equal("", all.GetProperty("nextPageToken").GetString());
        var some = await JsonAsync("pages", "findings", "list", "--limit", "1001");
        Assert.Equal(1_001, some.GetProperty("findings").GetArrayLength());
        Assert.NotEqual("", some.GetProperty("nextPageToken").GetString());
    }

    [Fact]
    public async Task Traces_are_listed_and_shown()
    {
        const string trace = "0af7651916cd43dd8448eb211c80319c";
        using var sender = await Sender.OpenAsync(servers, "traced");
        var now = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow());
        await sender.SendAsync(new Batch
        {
            Number = 1,
            Spans =
            {
                new Span { TraceId = trace, SpanId = "00f067aa0ba902b7", Operation = "GET /", Service = "shop", StartTime = now, DurationNanos = 2_000_000_000 },
                new Span { TraceId = trace, SpanId = "00f067aa0ba902b8", ParentSpanId = "00f067aa0ba902b7", Operation = "select", Service = "db", StartTime = now, DurationNanos = 1_500_000, Error = true },
            },
        });
        await servers.WaitForAsync("select count() from spans where tenant = 'traced'", 2);
        Assert.Matches($"{trace} .*shop +GET / +2 s +ok", await MeshAsync("traced", "traces", "list", "--min-duration", "1s"));
        Assert.Matches($"{trace} .*db +select +1.5 ms +error", await MeshAsync("traced", "traces", "list", "--errors"));
        Assert.DoesNotContain(trace, await MeshAsync("traced", "traces", "list", "--service", "none"), StringComparison.Ordinal);
        Assert.Matches("GET / .*\n  select ", await MeshAsync("traced", "traces", "info", trace));
        Assert.Equal(3, (await RunAsync("traced", "traces", "info", trace.Replace('0', '1'))).ExitCode);
    }

    private async Task<string> MeshAsync(string tenant, params string[] arguments) => (await RunAsync(tenant, arguments)).Succeeded().Output;

    private async Task<JsonElement> JsonAsync(string tenant, params string[] arguments) =>
        JsonDocument.Parse(await MeshAsync(tenant, [.. arguments, "-o", "json"])).RootElement;

    private Task<CommandResult> RunAsync(string tenant, params string[] arguments) =>
        CommandResult.RunAsync(Repository.Program("Mesh.Cli", "mesh"), ArgumentsOf(tenant, arguments));

    // For a command that goes on until it is ended.
    private async Task<string> FirstLineAsync(string tenant, params string[] arguments)
    {
        var start = new ProcessStartInfo(Repository.Program("Mesh.Cli", "mesh"), ArgumentsOf(tenant, arguments)) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        try
        {
            return await process.StandardOutput.ReadLineAsync().WaitAsync(5 * Wait.Limit) ?? "";
        }
        finally
        {
            process.Kill();
        }
    }

    private string[] ArgumentsOf(string tenant, string[] arguments) =>
        [.. arguments, "--address", servers.Ingestion.Address.ToString(), "--token", IngestionProcess.TokenOf("agent"), "--tenant", tenant];
}
