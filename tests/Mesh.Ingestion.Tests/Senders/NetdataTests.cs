using Mesh.Ingestion.Tests.Receiving;
using Mesh.Ingestion.Tests.Scraping;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;

namespace Mesh.Ingestion.Tests.Senders;

/// <summary>A real netdata is read by its allmetrics, and sends by its OpenTSDB exporter.</summary>
[Trait("Needs", "servers")]
public sealed class NetdataTests(IngestionServers servers) : IClassFixture<IngestionServers>
{
    [Fact]
    public async Task It_is_read_as_a_target()
    {
        await using var netdata = Start(exporting: "");
        var targets = new TargetClient(servers.Channel);
        await targets.CreateAsync("netdata", "host", $"http://127.0.0.1:{netdata.Port}", kind: Target.Types.Kind.Netdata);
        await netdata.UntilAsync("three readings came", async () => await servers.Engine.NumberAsync(
            "select uniqExact(time) >= 3 from samples where tenant = 'netdata' and value > 0 and series in (select id from series where metric = 'netdata_system_cpu_total')") == 1);
        await targets.WaitAsync("netdata", "host", Target.Types.State.Up, "");
        Assert.Equal(1, await servers.Engine.NumberAsync($$"""
            select count() from series final where tenant = 'netdata' and metric = 'netdata_system_cpu_total' and labels = map(
                'chart', 'system.cpu', 'dimension', 'user', 'family', 'cpu', 'instance', '127.0.0.1:{{netdata.Port}}', 'job', 'host')
            """));

        // Raw counters never go back.
        Assert.Equal(0, await servers.Engine.NumberAsync("""
            select countIf(value < before) from
            (
                select value, lagInFrame(value, 1, value) over (partition by series order by time rows between unbounded preceding and current row) as before
                from samples
                where tenant = 'netdata' and not isNaN(value) and series in
                    (select id from series where metric = 'netdata_system_cpu_total' and labels['dimension'] in ('user', 'system'))
            )
            """));
    }

    [Fact]
    public async Task It_sends_what_it_measures()
    {
        await using var netdata = Start($"""
            [exporting:global]
              enabled = yes
              update every = 1
            [opentsdb:http:mesh]
              enabled = yes
              destination = {servers.Ingestion.Address.Authority}
              username = netdata
              password = {Posts.Bearer["Bearer ".Length..]}
              data source = as collected
              update every = 1
            """);
        await netdata.UntilAsync("three readings came", async () => await servers.Engine.NumberAsync(
            "select uniqExact(time) >= 3 from samples where tenant = 'mesh' and value > 0 and series in (select id from series where metric = 'netdata_system_cpu_user')") == 1);
    }

    private static ForeignProgram Start(string exporting) => ForeignProgram.Start(
        "netdata",
        new Dictionary<string, string>
        {
            ["exporting.conf"] = exporting,
            ["netdata.conf"] = $"""
                [global]
                  run as user = {Environment.UserName}
                [directories]
                  config = FOLDER
                  stock config = FOLDER
                  cache = FOLDER
                  lib = FOLDER
                  log = FOLDER
                [logs]
                  error = stderr
                  access = none
                  debug = none
                [db]
                  mode = ram
                [web]
                  bind to = 127.0.0.1:PORT
                [health]
                  enabled = no
                [ml]
                  enabled = no
                [plugins]
                  enable running new plugins = no
                  apps = no
                  cgroups = no
                  charts.d = no
                  checks = no
                  diskspace = no
                  idlejitter = no
                  node.d = no
                  perf = no
                  proc = yes
                  python.d = no
                  slabinfo = no
                  statsd = no
                  tc = no
                  timex = no
                """,
        },
        "-D", "-c", "FOLDER/netdata.conf");
}
