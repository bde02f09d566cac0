using Mesh.Ingestion.Tests.Receiving;
using Mesh.Ingestion.Tests.Servers;

namespace Mesh.Ingestion.Tests.Senders;

/// <summary>A real collectd sends by its plug-in write_http.</summary>
[Trait("Needs", "servers")]
public sealed class CollectdSenderTests(IngestionServers servers) : IClassFixture<IngestionServers>
{
    [Fact]
    public async Task Its_values_are_in_the_table()
    {
        await using var collectd = ForeignProgram.Start("collectd", $"""
            Hostname "leeloo"
            BaseDir "FOLDER"
            PIDFile "FOLDER/pid"
            Interval 1
            LoadPlugin load
            LoadPlugin memory
            LoadPlugin interface
            LoadPlugin write_http
            <Plugin write_http>
              <Node "mesh">
                URL "{servers.Ingestion.Address}collectd?tenant=collectd"
                User "collectd"
                Password "{Posts.Bearer["Bearer ".Length..]}"
                Format "JSON"
                BufferSize 4096
              </Node>
            </Plugin>

            """, "-f", "-C", "FOLDER/configuration");
        await collectd.UntilAsync("three readings came", async () => await servers.Engine.NumberAsync(
            "select uniqExact(time) >= 3 from samples where tenant = 'collectd' and series in (select id from series where metric = 'collectd_load_shortterm')") == 1);
        Assert.Equal(1, await servers.Engine.NumberAsync(
            "select count() from series final where tenant = 'collectd' and metric = 'collectd_memory' and labels = map('instance', 'leeloo', 'memory', 'free')"));
        Assert.Equal(1, await servers.Engine.NumberAsync(
            "select count() from series final where metric = 'collectd_interface_if_octets_rx_total' and labels = map('instance', 'leeloo', 'interface', 'lo')"));
    }
}
