using System.IO.Compression;
using System.Net;
using System.Text;
using Mesh.Ingestion.Tests.Receiving;
using Mesh.Ingestion.Tests.Servers;

namespace Mesh.Ingestion.Tests.Senders;

/// <summary>The endpoints of collectors, with what these send as they send it, and what they are told.</summary>
[Trait("Needs", "servers")]
public sealed class RecordedTests(IngestionServers servers) : IClassFixture<IngestionServers>
{
    private static long Seconds => TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

    [Fact]
    public async Task Telegraf_writes_line_protocol_of_both_versions()
    {
        var posts = new Posts(servers, "telegraf");
        var lines = Encoding.UTF8.GetBytes($"""
            cpu,cpu=cpu-total,host=web\ 1 usage_guest=0,usage_idle=97.49,usage_user=1.5 {Seconds}000000000
            disk,device=vda1,fstype=ext4,host=web\ 1,path=/ free=1088i,total=9000u,used_percent=87.9 {Seconds}000000000
            system,host=web\ 1 uptime_format="3 days,  2:11",n_users=1u,uptime=266460i {Seconds}000000000

            """);
        Assert.Equal(HttpStatusCode.NoContent, (await posts.SendAsync("/write?db=telegraf&precision=ns", lines, "text/plain; charset=utf-8", authorization: Posts.Basic)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await posts.SendAsync(
            "/api/v2/write?org=x&bucket=y", Gzip(lines), "text/plain; charset=utf-8", "gzip", "Token " + Posts.Bearer["Bearer ".Length..])).Status);
        await servers.WaitForAsync("select count() from samples where tenant = 'telegraf'", 16);
        await servers.WaitForAsync("select count() from series where tenant = 'telegraf' and metric = 'disk_free' and labels['host'] = 'web 1' and labels['path'] = '/'", 1);

        var (status, body, headers) = await posts.SendAsync("/write", "ok v=1\nbad\nold v=1 5\n"u8.ToArray(), "text/plain");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("partial write: unable to parse line 2: missing fields.", body, StringComparison.Ordinal);
        Assert.Contains("dropped=2", body, StringComparison.Ordinal);
        Assert.True(headers.Contains("X-Influxdb-Error"));

        using var http = new HttpClient { BaseAddress = servers.Ingestion.Address };
        Assert.Equal(HttpStatusCode.NoContent, (await http.GetAsync("/ping")).StatusCode);
        Assert.Contains("pass", await http.GetStringAsync("/health"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await posts.SendAsync("/query?q=CREATE%20DATABASE%20%22telegraf%22", [], "text/plain")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await posts.SendAsync("/query?q=SELECT", [], "text/plain")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await posts.SendAsync($"/write?u=x&p={Posts.Bearer["Bearer ".Length..]}", "q v=1"u8.ToArray(), "text/plain", authorization: "")).Status);
    }

    [Fact]
    public async Task OpenTSDB_s_account_says_what_was_taken()
    {
        var posts = new Posts(servers, "opentsdb");
        var good = Encoding.UTF8.GetBytes($$$"""[{"metric":"netdata.system.load","timestamp":{{{Seconds}}},"value":0.5,"tags":{"host":"a"}}]""");
        var mixed = Encoding.UTF8.GetBytes($$$"""[{"metric":"m","timestamp":{{{Seconds}}},"value":1},{"metric":"m","timestamp":{{{Seconds}}}}]""");
        Assert.Equal(HttpStatusCode.NoContent, (await posts.SendAsync("/api/put", good, "application/json")).Status);
        Assert.Equal((HttpStatusCode.OK, """{"success":1,"failed":0}"""), Of(await posts.SendAsync("/api/put?summary", Gzip(good), "application/json", "gzip")));
        Assert.Equal((HttpStatusCode.BadRequest, """{"success":1,"failed":1}"""), Of(await posts.SendAsync("/api/put?summary", mixed, "application/json")));
        var details = await posts.SendAsync("/api/put?details", mixed, "application/json");
        Assert.Contains("\"errors\":[{\"datapoint\":{\"metric\":\"m\"", details.Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await posts.SendAsync("/api/put", mixed, "application/json")).Status);
        await servers.WaitForAsync("select count() from samples where tenant = 'opentsdb'", 5);
    }

    [Fact]
    public async Task Pushed_text_and_federation()
    {
        var posts = new Posts(servers, "pushed");
        Assert.Equal(HttpStatusCode.OK, (await posts.SendAsync("/metrics/job/backup/instance/a", "# TYPE size gauge\nsize 5\nlast{x=\"a\\\"b\\\\\"} +Inf\n"u8.ToArray(), "text/plain")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await posts.SendAsync("/api/v1/import/prometheus?extra_label=job=c", "size 6\n"u8.ToArray(), "text/plain")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await posts.SendAsync("/metrics/job/x", "size five\n"u8.ToArray(), "text/plain")).Status);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await posts.SendAsync("/metrics/job/x", [1], "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily")).Status);
        await servers.WaitForAsync("select count() from samples where tenant = 'pushed'", 3);
        await servers.WaitForAsync("select count() from series where tenant = 'pushed'", 3);

        using var http = new HttpClient { BaseAddress = servers.Ingestion.Address };
        http.DefaultRequestHeaders.TryAddWithoutValidation("authorization", Posts.Basic);
        for (var round = 0; round < 2; round++)
        {
            var all = WithoutTimes(await http.GetStringAsync("/tenants/pushed/metrics"));
            Assert.Equal("last{instance=\"a\",job=\"backup\",x=\"a\\\"b\\\\\"} +Inf\nsize{instance=\"a\",job=\"backup\"} 5\nsize{job=\"c\",instance=\"\"} 6", all);
        }

        Assert.Equal(
            "size{instance=\"a\",job=\"backup\"} 5\nsize{job=\"c\",instance=\"\"} 6",
            WithoutTimes(await http.GetStringAsync("/federate?tenant=pushed&match[]=size&match[]={job=\"c\"}")));
        Assert.Equal("", await http.GetStringAsync("/federate?tenant=pushed"));
        Assert.Equal("", await http.GetStringAsync("/tenants/foreign/metrics"));
        Assert.Equal(HttpStatusCode.BadRequest, (await http.GetAsync("/federate?tenant=pushed&match[]={")).StatusCode);
        Assert.Equal("size{instance=\"a\",job=\"backup\"} 5", WithoutTimes(await http.GetStringAsync("/metrics?tenant=pushed&match[]=size{job=\"backup\"}")));
        Assert.Equal(WithoutTimes(await http.GetStringAsync("/tenants/pushed/metrics")), WithoutTimes(await http.GetStringAsync("/metrics?tenant=pushed")));
        using var nobody = new HttpClient { BaseAddress = servers.Ingestion.Address };
        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.GetAsync("/tenants/pushed/metrics")).StatusCode);
        Assert.Contains("mesh_ingestion_requests_received", await nobody.GetStringAsync("/metrics"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bad_bodies_are_refused_on_every_way_and_the_connection_lives_on()
    {
        var posts = new Posts(servers, "bad");
        var bomb = Gzip(new byte[64 << 20]);
        foreach (var (path, type) in new[]
        {
            ("/write", "text/plain"), ("/api/put", "application/json"), ("/collectd", "application/json"), ("/api/v1/import/prometheus", "text/plain"),
            ("/v1/metrics", "application/json"), ("/v1/logs", "application/x-protobuf"), ("/v1/traces", "application/json"),
        })
        {
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await posts.SendAsync(path, bomb, type, "gzip")).Status);
            Assert.Equal(HttpStatusCode.BadRequest, (await posts.SendAsync(path, [1, 2, 3], type, "gzip")).Status);
            Assert.Equal(HttpStatusCode.BadRequest, (await posts.SendAsync(path, "a{b=\"\xff\xfe\"} 1"u8.ToArray().Append((byte)0xff).ToArray(), type)).Status);
            Assert.Equal(HttpStatusCode.BadRequest, (await posts.SendAsync(path, "x"u8.ToArray(), type, "br")).Status);
            Assert.Equal(HttpStatusCode.Unauthorized, (await posts.SendAsync(path, [], type, authorization: "Bearer meshsvc_agent_00")).Status);
        }

        Assert.Equal(HttpStatusCode.NoContent, (await posts.SendAsync("/write", "alive v=1"u8.ToArray(), "text/plain")).Status);
    }

    [Fact]
    public async Task Otlp_json_is_answered_in_json()
    {
        var posts = new Posts(servers, "otlpjson");
        var metrics = Encoding.UTF8.GetBytes($$$"""
            {"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"g","gauge":{"dataPoints":[{"asDouble":1.5,"timeUnixNano":"{{{Seconds}}}000000000"},{"asDouble":1,"timeUnixNano":"5"}]}}]}]}]}
            """);
        var (status, body, _) = await posts.SendAsync("/v1/metrics", Gzip(metrics), "application/json; charset=utf-8", "gzip");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains("\"rejectedDataPoints\": \"1\"", body, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.OK, "{ }"), Of(await posts.SendAsync("/v1/traces", "{}"u8.ToArray(), "application/json")));
        await servers.WaitForAsync("select count() from samples where tenant = 'otlpjson' and value = 1.5", 1);
    }

    private static (HttpStatusCode, string) Of((HttpStatusCode Status, string Body, System.Net.Http.Headers.HttpResponseHeaders) answer) => (answer.Status, answer.Body);

    private static string WithoutTimes(string text) => string.Join('\n', text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line[..line.LastIndexOf(' ')]).Order(StringComparer.Ordinal));

    private static byte[] Gzip(byte[] bytes)
    {
        using var target = new MemoryStream();
        using (var gzip = new GZipStream(target, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return target.ToArray();
    }
}
