using Mesh.Cli.Commands;

namespace Mesh.Cli.Tests.Commands;

public sealed class SparklineTests
{
    [Theory]
    [InlineData(new double[] { }, "")]
    [InlineData(new[] { double.NaN, double.PositiveInfinity }, "")]
    [InlineData(new[] { 3d, 3d }, "▁▁")]
    [InlineData(new[] { 0d, 1d, 2d, 3d, 4d, 5d, 6d, 7d }, "▁▂▃▄▅▆▇█")]
    [InlineData(new[] { -7d, double.NaN, 7d }, "▁ █")]
    [InlineData(new[] { 1d, double.NegativeInfinity, 2d }, "▁ █")]
    [InlineData(new[] { double.MinValue, 0d, double.MaxValue }, "▁▄█")]
    public void Values_become_bars_at_the_right_edge(double[] values, string bars) =>
        Assert.Equal(bars.PadLeft(40), MetricsCommand.Sparkline(values));

    [Fact]
    public void Only_the_newest_values_are_shown()
    {
        var line = MetricsCommand.Sparkline([.. Enumerable.Range(0, 100).Select(i => i < 60 ? 0d : 1d)]);
        Assert.Equal(new string('█', 40), line);
    }
}
