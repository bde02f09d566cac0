using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Mesh.Ingestion.Tests.Receiving;
using Mesh.Ingestion.Tests.Senders;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;
using Mesh.Testing;

namespace Mesh.Ingestion.Tests.ServiceDiscovery;

[Trait("Needs", "servers")]
public sealed class ServiceDiscoveryTests(IngestionServers servers) : IClassFixture<IngestionServers>
{
    [Fact]
    public async Task A_real_Prometheus_finds_a_tenant_s_targets_and_reads_them()
    {
        await CreateAsync("found", "ingestion", new Target
        {
            Kind = Target.Types.Kind.Prometheus, Address = servers.Ingestion.Address + "metrics?part=all",
            Interval = Duration.FromTimeSpan(TimeSpan.FromSeconds(2)), Labels = { ["zone"] = "a" },
        });
        await CreateAsync("found", "paused", new Target { Kind = Target.Types.Kind.Prometheus, Address = servers.Ingestion.Address.ToString(), Paused = true });
        await CreateAsync("foreign", "hidden", new Target { Kind = Target.Types.Kind.Prometheus, Address = servers.Ingestion.Address + "metrics" });
        await using var prometheus = ForeignProgram.Start(
            "prometheus",
            $$"""
            scrape_configs:
            - job_name: mesh
              http_sd_configs:
              - url: {{servers.Ingestion.Address}}service_discovery/targets?tenant=found
                authorization: { type: Bearer, credentials: {{Posts.Bearer["Bearer ".Length..]}} }
                refresh_interval: 1s
            """,
            "--config.file=FOLDER/configuration", "--storage.tsdb.path=FOLDER/data", "--web.listen-address=127.0.0.1:PORT");
        JsonElement target = default;
        await prometheus.UntilAsync("the target is read", async () => (target = await OnlyTargetAsync(prometheus)).ValueKind == JsonValueKind.Object
            && target.GetProperty("health").GetString() == "up");

        Assert.Equal(
            $"instance={servers.Ingestion.Address.Authority} job=ingestion zone=a", Describe(target.GetProperty("labels")));
        Assert.Equal(servers.Ingestion.Address + "metrics?part=all", target.GetProperty("scrapeUrl").GetString());
        Assert.Equal("2000ms", target.GetProperty("scrapeInterval").GetString());
        var discovered = target.GetProperty("discoveredLabels");
        Assert.Equal("found", discovered.GetProperty("__meta_mesh_tenant").GetString());
        Assert.Equal("ingestion", discovered.GetProperty("__meta_mesh_target").GetString());
        Assert.Equal("prometheus", discovered.GetProperty("__meta_mesh_kind").GetString());
    }

    [Fact]
    public async Task Who_may_not_list_targets_is_told_none()
    {
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(servers.Ingestion.Address, "acme", "")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(servers.Ingestion.Address, "acme", "Bearer meshsvc_agent_00")).Status);
        Assert.Equal((HttpStatusCode.OK, "[]"), await GetAsync(servers.Ingestion.Address, "acme", Posts.Bearer));
    }

    [Fact]
    public async Task The_platform_s_own_Prometheus_finds_the_running_programs()
    {
        // Without Consul nobody knows them: that is no empty list.
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await GetAsync(servers.Ingestion.Address, "mesh", Posts.Bearer)).Status);

        await using var consul = await ConsulAgent.StartAsync();
        using var folder = new TestFolder();
        var postgres = await (await PostgresServer.GetAsync()).CreateDatabaseAsync();
        await using var ingestion = new IngestionProcess(folder.Path, servers.Engine.Address, postgres);
        ingestion.Settings["MESH_CONSUL"] = consul.Address.ToString();
        await ingestion.StartAsync();
        // Before Consul knows of it, nothing is listed: the first list has it.
        var listed = (Status: HttpStatusCode.NotFound, Body: "");
        await Wait.UntilAsync("the programs are listed", async () =>
            (listed = await GetAsync(ingestion.Address, "mesh", Posts.Bearer)).Status == HttpStatusCode.OK);
        using var groups = JsonDocument.Parse(listed.Body);
        var group = Assert.Single(groups.RootElement.EnumerateArray());
        Assert.Equal(ingestion.Address.Authority, Assert.Single(group.GetProperty("targets").EnumerateArray()).GetString());
        var labels = group.GetProperty("labels");
        Assert.Equal("ingestion", labels.GetProperty("job").GetString());
        using var http = new HttpClient();
        var metrics = await http.GetStringAsync($"{labels.GetProperty("__scheme__")}://{ingestion.Address.Authority}{labels.GetProperty("__metrics_path__")}");
        Assert.Contains("mesh_ingestion_", metrics, StringComparison.Ordinal);
    }

    private async Task CreateAsync(string tenant, string id, Target target) => await new TargetService.TargetServiceClient(servers.Channel)
        .CreateTargetAsync(new CreateTargetRequest { Parent = "tenants/" + tenant, TargetId = id, Target = target }, IngestionProcess.Headers);

    private static async Task<(HttpStatusCode Status, string Body)> GetAsync(Uri ingestion, string tenant, string authorization)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(ingestion, "/service_discovery/targets?tenant=" + tenant));
        if (authorization.Length > 0)
            request.Headers.Authorization = AuthenticationHeaderValue.Parse(authorization);
        using var response = await http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private static async Task<JsonElement> OnlyTargetAsync(ForeignProgram prometheus)
    {
        using var http = new HttpClient();
        try
        {
            var answer = JsonSerializer.Deserialize<JsonElement>(await http.GetStringAsync($"http://127.0.0.1:{prometheus.Port}/api/v1/targets"));
            return answer.GetProperty("data").GetProperty("activeTargets").EnumerateArray().SingleOrDefault();
        }
        catch (HttpRequestException)
        {
            return default;
        }
    }

    private static string Describe(JsonElement labels) =>
        string.Join(' ', labels.EnumerateObject().Select(label => $"{label.Name}={label.Value.GetString()}").Order(StringComparer.Ordinal));
}
