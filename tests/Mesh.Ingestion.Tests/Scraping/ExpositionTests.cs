using Mesh.Ingestion.Scraping;

namespace Mesh.Ingestion.Tests.Scraping;

public sealed class ExpositionTests
{
    [Fact]
    public void Lines_of_both_formats_are_read()
    {
        const string text = """
            # HELP up Whether it is up.
            # TYPE up gauge
            up 1

            http_requests_total{method="post",path="/a \"b\" \\ \n",} 1027 1395066363000
            spaced { a = "1" , b="2" }   +Inf
            latency_bucket{le="+Inf"} 3 1520879607.789 # {trace_id="abc"} 0.5
            nan NaN
            # EOF
            """;
        var samples = Exposition.Parse(new StringReader(text)).ToList();
        Assert.Equal(["up", "http_requests_total", "spaced", "latency_bucket", "nan"], samples.Select(sample => sample.Metric));
        Assert.Equal([1, 1027, double.PositiveInfinity, 3, double.NaN], samples.Select(sample => sample.Value));
        Assert.Equal([new("method", "post"), new("path", "/a \"b\" \\ \n")], samples[1].Labels);
        Assert.Equal(1395066363000, samples[1].Milliseconds);
        Assert.Equal([new("a", "1"), new("b", "2")], samples[2].Labels);
        Assert.Equal(1520879607789, samples[3].Milliseconds);
        Assert.Null(samples[4].Milliseconds);
    }

    [Fact]
    public void Times_of_OpenMetrics_are_seconds()
    {
        var samples = Exposition.Parse(new StringReader("a 1 1520879607\nb 1 1520879607.789\n# EOF\n"), inSeconds: true);
        Assert.Equal([1520879607000, 1520879607789], samples.Select(sample => sample.Milliseconds!.Value));
    }

    [Theory]
    [InlineData("up")]
    [InlineData("up x")]
    [InlineData("up{a=\"1} 1")]
    [InlineData("up{a=1} 1")]
    [InlineData("{a=\"1\"} 1")]
    [InlineData("up 1 2 3")]
    [InlineData("<html>")]
    public void A_line_that_cannot_be_read_is_invalid(string line) =>
        Assert.Throws<InvalidDataException>(() => Exposition.Parse(new StringReader(line)).ToList());

    [Fact]
    public void Random_lines_are_read_or_invalid()
    {
        const string alphabet = "ab{}=\"\\, 1.\t#";
        var random = new Random(9);
        for (var round = 0; round < 20_000; round++)
        {
            var line = string.Concat(Enumerable.Range(0, random.Next(1, 30)).Select(_ => alphabet[random.Next(alphabet.Length)]));
            try
            {
                _ = Exposition.Parse(new StringReader(line)).Count();
            }
            catch (InvalidDataException)
            {
            }
        }
    }
}
