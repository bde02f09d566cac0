using System.Text;
using Mesh.Common.Errors;
using Mesh.Ingestion.Collectd;
using Mesh.Ingestion.Tests.Receiving;

namespace Mesh.Ingestion.Tests.Collectd;

public sealed class CollectdTests
{
    private readonly Rows _rows = new();

    [Fact]
    public void Value_lists_become_samples_named_as_collectd_s_exporter_names_them()
    {
        var time = (Rows.Now / 1000.0).ToString("F3", System.Globalization.CultureInfo.InvariantCulture);
        Decode($$$"""
            [{"values":[197141504,175136768],"dstypes":["counter","derive"],"dsnames":["read","write"],"time":{{{time}}},"interval":10.000,
              "host":"leeloo","plugin":"disk","plugin_instance":"sda","type":"disk_octets","type_instance":""},
             {"values":[0.5,null,0.25],"dstypes":["gauge","gauge","gauge"],"dsnames":["shortterm","midterm","longterm"],"time":{{{time}}},
              "host":"leeloo","plugin":"load","plugin_instance":"","type":"load","type_instance":""},
             {"values":[7],"dstypes":["gauge"],"dsnames":["value"],"time":{{{time}}},"host":"leeloo","plugin":"memory","plugin_instance":"","type":"memory","type_instance":"free"},
             {"values":[8],"dstypes":["derive"],"dsnames":["value"],"time":{{{time}}},"host":"leeloo","plugin":"cpu","plugin_instance":"0","type":"cpu","type_instance":"idle"}]
            """);
        Assert.Equal(
            """
            collectd_cpu_total{cpu=0,instance=leeloo,type=idle} 8
            collectd_disk_disk_octets_read_total{disk=sda,instance=leeloo} 197141504
            collectd_disk_disk_octets_write_total{disk=sda,instance=leeloo} 175136768
            collectd_load_longterm{instance=leeloo} 0.25
            collectd_load_shortterm{instance=leeloo} 0.5
            collectd_memory{instance=leeloo,memory=free} 7
            """,
            _rows.Describe());
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("""[{"values":3}]""")]
    [InlineData("PUTVAL a/b/c interval=10 1:2")]
    public void Anything_else_is_refused_whole(string body)
    {
        var exception = Record.Exception(() => Decode(body));
        Assert.True(exception is InvalidDataException, exception?.ToString());
    }

    [Fact]
    public void Damaged_bodies_are_errors_and_nothing_else() => new Fuzz().Run(
        Encoding.UTF8.GetBytes("""[{"values":[1,2.5],"dstypes":["counter","gauge"],"dsnames":["rx","tx"],"time":1793491200.5,"host":"h","plugin":"p","plugin_instance":"i","type":"t","type_instance":"u"}]"""),
        20_000, bytes => _rows.Write(writer => CollectdValues.Decode(bytes, writer)), typeof(InvalidDataException), typeof(MeshException));

    private void Decode(string body) => _rows.Write(writer => CollectdValues.Decode(Encoding.UTF8.GetBytes(body), writer));
}
