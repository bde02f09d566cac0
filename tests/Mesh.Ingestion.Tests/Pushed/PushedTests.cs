using System.Text;
using Mesh.Common.Errors;
using Mesh.Ingestion.Pushed;
using Mesh.Ingestion.Tests.Receiving;

namespace Mesh.Ingestion.Tests.Pushed;

public sealed class PushedTests
{
    private readonly Rows _rows = new();

    [Fact]
    public void Labels_of_the_path_win_over_those_of_the_text()
    {
        _rows.Write(writer => PushedEndpoint.Decode(
            Encoding.UTF8.GetBytes("# TYPE a counter\na{job=\"x\",b=\"c\\n\\\"d\\\"\"} 3.5\nb +Inf\n"), PushedEndpoint.GroupOf("job/backup/instance/i"), writer));
        Assert.Equal("a{b=c\n\"d\",instance=i,job=backup} 3.5\nb{instance=i,job=backup} Infinity", _rows.Describe());
    }

    [Fact]
    public void OpenMetrics_counts_seconds()
    {
        var text = Encoding.UTF8.GetBytes($"# TYPE a counter\na_total 3 {Rows.Now / 1000} # {{trace_id=\"x\"}} 1\n# EOF\n");
        Assert.Equal(0, _rows.Write(writer => PushedEndpoint.Decode(text, PushedEndpoint.GroupOf("job/x"), writer, inSeconds: true)).Total);
        Assert.Equal("a_total{job=x} 3", _rows.Describe());
    }

    [Fact]
    public void A_value_with_a_slash_comes_in_base64()
    {
        var labels = PushedEndpoint.GroupOf("job/dir/path@base64/L3Zhci90bXA/empty@base64/=");
        Assert.Equal(("/var/tmp", ""), (labels["path"], labels["empty"]));
        Assert.Throws<MeshException>(() => PushedEndpoint.GroupOf("job/a/b"));
        Assert.Throws<MeshException>(() => PushedEndpoint.GroupOf("job/a/job/b"));
        Assert.Throws<MeshException>(() => PushedEndpoint.GroupOf("job@base64/%%"));
    }

    [Fact]
    public void Damaged_texts_are_errors_and_nothing_else()
    {
        var labels = PushedEndpoint.GroupOf("job/x");
        new Fuzz().Run(
            Encoding.UTF8.GetBytes("# HELP a b\na{b=\"c\\\\\",d=\"e\"} 1.5 1793491200000\nf NaN\ng 1 # {trace=\"x\"} 1\n"), 20_000,
            bytes => _rows.Write(writer => PushedEndpoint.Decode(bytes, labels, writer)), typeof(InvalidDataException), typeof(MeshException));
    }
}
