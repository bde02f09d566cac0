using System.Globalization;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Mesh.Ingestion.Tests.Receiving;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Mesh.Testing;

namespace Mesh.Ingestion.Tests.Senders;

/// <summary>A real Prometheus writes to us what it reads from a real node_exporter; another one runs PromQL over what we hold.</summary>
[Trait("Needs", "servers")]
public sealed class PrometheusTests(IngestionServers servers) : IClassFixture<IngestionServers>
{
    private const string Tenant = "prometheus";

    [Fact]
    public async Task PromQL_over_remote_read_equals_the_sender_s_own_answer_and_our_query()
    {
        await using var node = ForeignProgram.Start(
            "prometheus-node-exporter", "", "--web.listen-address=127.0.0.1:PORT", "--collector.disable-defaults", "--collector.cpu",
            "--collector.loadavg", "--collector.meminfo", "--collector.stat");
        await using var sender = Prometheus($$"""
            global: { scrape_interval: 1s, scrape_timeout: 1s }
            scrape_configs:
            - job_name: node
              static_configs: [{ targets: ["127.0.0.1:{{node.Port}}"] }]
            remote_write:
            - url: {{servers.Ingestion.Address}}api/v1/write?tenant={{Tenant}}
              basic_auth: { username: prometheus, password: {{Posts.Bearer["Bearer ".Length..]}} }
              queue_config: { batch_send_deadline: 200ms }
            """);
        await using var reader = Prometheus($$"""
            remote_read:
            - url: {{servers.Ingestion.Address}}api/v1/read?tenant={{Tenant}}
              authorization: { credentials: {{Posts.Bearer["Bearer ".Length..]}} }
              read_recent: true
            global: { scrape_interval: 1s, scrape_timeout: 1s }
            scrape_configs:
            - job_name: federate
              honor_labels: true
              metrics_path: /federate
              params: { "match[]": ["{job=\"node\"}"], tenant: [{{Tenant}}] }
              authorization: { credentials: {{Posts.Bearer["Bearer ".Length..]}} }
              static_configs: [{ targets: ["{{servers.Ingestion.Address.Authority}}"] }]
            """);

        // Enough for rates, all of it written, and a moment that has no sample any more to come.
        await sender.UntilAsync("samples of 12 seconds came", async () => await servers.Engine.NumberAsync(
            $"select uniq(time) >= 12 from samples where tenant = '{Tenant}' and series in (select id from series where metric = 'node_load1')") == 1);
        var at = await servers.Engine.NumberAsync($"select toUnixTimestamp64Milli(max(time)) from samples where tenant = '{Tenant}'") - 2_000;

        foreach (var promQl in new[]
        {
            "up{job=\"node\"}", "node_load1", "{__name__=~\"node_memory_Mem.*\", job!=\"x\"}", "rate(node_cpu_seconds_total{mode!~\"i.*\"}[6s])",
            "sum by (mode) (increase(node_cpu_seconds_total[8s]))", "max_over_time(node_context_switches_total[5s])", "absent(nothing)",
        })
            await AssertAlikeAsync(sender, reader, promQl, at);

        Assert.Equal(await AskAsync(reader, "node_memory_MemFree_bytes", at), await AskUsAsync("node_memory_MemFree_bytes", at));

        // What it reads of us as a target are the same series.
        await reader.UntilAsync("the reader federates", async () =>
            await AskAsync(reader, "scrape_samples_scraped{job=\"federate\"} > 100", Rows.Now) != "");

        // A target that goes away ends its series: nothing is seen of them afterwards, on either way.
        await node.StopAsync();
        await Wait.UntilAsync("its series have ended", async () =>
        {
            var later = await servers.Engine.NumberAsync($"select toUnixTimestamp64Milli(max(time)) from samples where tenant = '{Tenant}'");
            return await AskAsync(reader, "node_load1", later) == "" && await AskUsAsync("node_load1", later) == "" && await AskUsAsync("up", later) != "";
        });
        await servers.WaitForAsync($"select count() > 100 from samples where tenant = '{Tenant}' and reinterpretAsUInt64(value) = 0x7ff0000000000002", 1);
    }

    // What the sender has of that moment does not change any more. What it writes to us may be late, as its parts have queues of their own.
    private static async Task AssertAlikeAsync(ForeignProgram sender, ForeignProgram reader, string promQl, long at)
    {
        var (own, ours) = ("", "");
        try
        {
            await Wait.UntilAsync("all has come", async () => (own = await AskAsync(sender, promQl, at)) == (ours = await AskAsync(reader, promQl, at)));
        }
        catch (TimeoutException)
        {
            Assert.Equal(own, ours);
        }
    }

    private static ForeignProgram Prometheus(string configuration) => ForeignProgram.Start(
        "prometheus", configuration, "--config.file=FOLDER/configuration", "--storage.tsdb.path=FOLDER/data", "--web.listen-address=127.0.0.1:PORT");

    private static async Task<string> AskAsync(ForeignProgram prometheus, string promQl, long at)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{prometheus.Port}") };
        await Wait.UntilAsync("Prometheus is ready", async () =>
        {
            try
            {
                return (await http.GetAsync("/-/ready")).IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
        var time = (at / 1000.0).ToString("F3", CultureInfo.InvariantCulture);
        var text = await http.GetStringAsync($"/api/v1/query?time={time}&query={Uri.EscapeDataString(promQl)}");
        using var answer = JsonDocument.Parse(text);
        Assert.Equal("success", answer.RootElement.GetProperty("status").GetString());
        Assert.False(answer.RootElement.TryGetProperty("warnings", out _), text);
        return Describe(answer.RootElement.GetProperty("data").GetProperty("result").EnumerateArray().Select(item => (
            item.GetProperty("metric").EnumerateObject().Select(label => (label.Name, label.Value.GetString()!)),
            double.Parse(item.GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture))));
    }

    private async Task<string> AskUsAsync(string selector, long at)
    {
        var time = Timestamp.FromDateTimeOffset(DateTimeOffset.FromUnixTimeMilliseconds(at));
        var request = new QueryMetricsRequest { Parent = "tenants/" + Tenant, Selector = selector, StartTime = time, EndTime = time };
        using var call = new QueryService.QueryServiceClient(servers.Channel).QueryMetrics(request, IngestionProcess.Headers);
        var found = new List<(IEnumerable<(string, string)>, double)>();
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            var series = call.ResponseStream.Current;
            found.Add((series.Labels.Select(label => (label.Name, label.Value)).Append(("__name__", series.Metric)), series.Values[^1]));
        }

        return Describe(found);
    }

    private static string Describe(IEnumerable<(IEnumerable<(string Name, string Value)> Labels, double Value)> series) => string.Join('\n', series
        .Select(item => string.Join(',', item.Labels.OrderBy(label => label.Name, StringComparer.Ordinal)) + " " + item.Value.ToString("G12", CultureInfo.InvariantCulture))
        .Order(StringComparer.Ordinal));
}
