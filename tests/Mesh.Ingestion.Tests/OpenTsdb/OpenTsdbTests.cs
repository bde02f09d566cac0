using System.Text;
using Mesh.Common.Errors;
using Mesh.Ingestion.OpenTsdb;
using Mesh.Ingestion.Tests.Receiving;

namespace Mesh.Ingestion.Tests.OpenTsdb;

public sealed class OpenTsdbTests
{
    private readonly Rows _rows = new();
    private readonly List<OpenTsdbError> _errors = [];

    private static long Seconds => Rows.Now / 1000;

    [Fact]
    public void A_point_and_an_array_of_points_become_samples_at_seconds_or_milliseconds()
    {
        Assert.Equal(1, Decode($$$"""{"metric":"sys.cpu.nice","timestamp":{{{Seconds}}},"value":18,"tags":{"host":"web01","dc":"lga"}}"""));
        Assert.Equal("sys_cpu_nice{dc=lga,host=web01} 18", _rows.Describe());
        Assert.Equal(3, Decode($$$"""
            [{"metric":"netdata.system.cpu.user","timestamp":{{{Seconds}}},"value":1.5,"tags":{"host":"a"}},
             {"metric":"m","timestamp":{{{Rows.Now}}},"value":"-2","tags":{}},
             {"metric":"m","timestamp":"{{{Seconds}}}","value":3.5e1,"tags":{"n":5}}]
            """));
        Assert.Equal("m{n=5} 35\nm{} -2\nnetdata_system_cpu_user{host=a} 1.5", _rows.Describe());
        Assert.Empty(_errors);
    }

    [Fact]
    public void What_is_wrong_is_told_point_by_point()
    {
        Assert.Equal(6, Decode($$$"""
            [{"timestamp":{{{Seconds}}},"value":1}, {"metric":"m","value":1}, {"metric":"m","timestamp":{{{Seconds}}},"value":"x"},
             {"metric":"m","timestamp":5,"value":1}, 7, {"metric":"good","timestamp":{{{Seconds}}},"value":1}]
            """));
        Assert.Equal(
            ["Metric name was empty", "Invalid timestamp", "Unable to parse value to a number", "The time lies further back than data is kept.", "Metric name was empty"],
            _errors.Select(error => error.Error));
        Assert.Equal("good{} 1", _rows.Describe());
        Assert.Equal("7", _errors[^1].Datapoint.GetRawText());
    }

    [Theory]
    [InlineData("")]
    [InlineData("7")]
    [InlineData("[{]")]
    [InlineData("""{"metric":"\ud800","timestamp":1,"value":1}""")]
    public void A_body_that_is_no_json_of_this_kind_is_refused_whole(string body)
    {
        var exception = Record.Exception(() => Decode(body));
        Assert.True(exception is InvalidDataException, exception?.ToString());
    }

    [Fact]
    public void Damaged_bodies_are_errors_and_nothing_else() => new Fuzz().Run(
        Encoding.UTF8.GetBytes($$$"""[{"metric":"a","timestamp":{{{Seconds}}},"value":1,"tags":{"b":"c"}},{"metric":"\u00e9","timestamp":1e9,"value":"2"}]"""),
        20_000, bytes => _rows.Write(writer => OpenTsdbPoints.Decode(bytes, writer, _errors)), typeof(InvalidDataException), typeof(MeshException));

    private int Decode(string body)
    {
        var points = 0;
        _rows.Write(writer => points = OpenTsdbPoints.Decode(Encoding.UTF8.GetBytes(body), writer, _errors));
        return points;
    }
}
