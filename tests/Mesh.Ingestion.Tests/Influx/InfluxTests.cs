using System.Text;
using Mesh.Common.Errors;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Influx;
using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Tests.Receiving;

namespace Mesh.Ingestion.Tests.Influx;

public sealed class InfluxTests
{
    private readonly Rows _rows = new();
    private int _failed;
    private string _error = "";

    [Theory]
    [InlineData("cpu,host=a,cpu=cpu0 usage_idle=98.5,usage_user=1i,up=t", "cpu_up{cpu=cpu0,host=a} 1\ncpu_usage_idle{cpu=cpu0,host=a} 98.5\ncpu_usage_user{cpu=cpu0,host=a} 1")]
    [InlineData("temp value=-1e-3\r\n\n# a comment\n  temp,room=hall value=2u", "temp{room=hall} 2\ntemp{} -0.001")]
    [InlineData("""my\ disk\,x,pa\=th=/a\ b\,c\=d,win=C:\\x free\ space=1""", """my_disk_x_free_space{pa_th=/a b,c=d,win=C:\\x} 1""")]
    [InlineData("""log msg="a \"quoted\", text = 1",n=1i,long="x\\" """, "log_n{} 1")]
    [InlineData("m,empty= v=f", "m_v{} 0")]
    public void Lines_become_samples(string body, string expected)
    {
        var rejections = Decode(body);
        Assert.Equal("", _error);
        Assert.Equal(0, rejections.Total);
        Assert.Equal(expected, _rows.Describe());
    }

    [Theory]
    [InlineData("cpu", "missing fields")]
    [InlineData("cpu,host=a ", "missing fields")]
    [InlineData(",host=a v=1", "missing measurement")]
    [InlineData("cpu,host v=1", "missing tag value")]
    [InlineData("cpu,a=b,host\\=x v=1", "missing tag value")]
    [InlineData("cpu v", "missing field value")]
    [InlineData("cpu v=", "invalid field value")]
    [InlineData("cpu v=1x", "invalid field value")]
    [InlineData("cpu v=NaN", "invalid field value")]
    [InlineData("cpu v=99999999999999999999i", "invalid field value")]
    [InlineData("cpu v=-1u", "invalid field value")]
    [InlineData("cpu v=1,", "missing fields")]
    [InlineData("cpu v=\"open", "unbalanced quotes")]
    [InlineData("cpu v=1 12x", "bad timestamp")]
    [InlineData("cpu v=1 1 1", "bad timestamp")]
    public void A_line_that_cannot_be_read_is_left_out_and_the_rest_is_taken(string line, string error)
    {
        Decode("ok v=1\n" + line + "\nok v=2\n");
        Assert.Equal(1, _failed);
        Assert.Contains(error, _error, StringComparison.Ordinal);
        Assert.Contains("line 2", _error, StringComparison.Ordinal);
        Assert.Equal("ok_v{} 1\nok_v{} 2", _rows.Describe());
    }

    [Fact]
    public void Times_have_the_precision_that_was_said()
    {
        var now = Rows.Now / 3_600_000 * 3_600_000;
        foreach (var (precision, unit) in new[] { ("", 0.000001), ("ns", 0.000001), ("us", 0.001), ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000) })
        {
            Decode($"m v=1 {(long)((decimal)now / (decimal)unit)}", precision);
            Assert.Equal([now], _rows.Batch.Samples.Time.Values.ToArray());
        }

        Assert.Throws<MeshException>(() => Decode("m v=1", "fortnight"));
        Assert.Equal(2, Decode($"m v=1 {long.MaxValue}\nm v=1 {long.MinValue}", "h").Total);
        Assert.Equal(2, Decode($"m v=1 {long.MaxValue}\nm v=1 0", "ms").Total);
    }

    [Fact]
    public void Names_that_fall_together_and_bad_names_are_refused()
    {
        Assert.Equal(1, Decode("m,a.b=1,a-b=2 v=1").Total);
        Assert.Equal(1, Decode("m,a=" + new string('x', 2000) + " v=1").Total);
    }

    [Fact]
    public void Known_series_cost_no_allocation()
    {
        var body = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 500).Select(i => $"cpu,host=a,cpu=cpu{i} idle=1.5,user=2i\n")));
        Decode(body, "");
        foreach (var id in _rows.Batch.Series.Id.Values)
            _rows.Cache.Of("acme").Learn(id, (int)(Rows.Now / 86_400_000));
        Decode(body, "");
        var builder = _rows.Begin();
        var before = GC.GetAllocatedBytesForCurrentThread();
        using (var decoder = new InfluxDecoder("acme", builder, _rows.Labels, InfluxPrecision.Parse("")))
            decoder.Decode(body);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 5_000);
        Assert.Equal(1_000, _rows.Batch.Samples.Rows);
    }

    [Fact]
    public void Damaged_lines_are_errors_and_nothing_else() => new Fuzz().Run(
        Encoding.UTF8.GetBytes("cpu,host=a\\ b,x=\\,y idle=1.5,user=2i,s=\"a\\\"b\",t=true 1793491200000000000\n# c\nmem v=1\n"),
        20_000, bytes => Decode(bytes, "ns"), typeof(MeshException));

    private Rejections Decode(string body, string precision = "") => Decode(Encoding.UTF8.GetBytes(body), precision);

    private Rejections Decode(byte[] body, string precision)
    {
        var builder = _rows.Begin();
        using var decoder = new InfluxDecoder("acme", builder, _rows.Labels, InfluxPrecision.Parse(precision));
        decoder.Decode(body);
        (_failed, _error) = (decoder.Failed, decoder.FirstError);
        using var record = new ByteBuffer();
        _rows.Batch.Encode(record);
        return builder.Rejections;
    }
}
