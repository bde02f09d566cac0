using Mesh.Cli.Local;

namespace Mesh.Cli.Tests.Local;

public sealed class RestartDelayTests
{
    [Fact]
    public void Doubles_while_the_program_keeps_ending_soon_and_stays_bounded()
    {
        var delay = new RestartDelay();
        var delays = Enumerable.Range(0, 9).Select(_ => delay.After(TimeSpan.FromSeconds(1)).TotalMilliseconds).ToArray();
        Assert.Equal([100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000], delays);
    }

    [Fact]
    public void Is_short_again_after_a_long_run()
    {
        var delay = new RestartDelay();
        for (var i = 0; i < 5; i++)
            delay.After(TimeSpan.Zero);
        Assert.Equal(TimeSpan.FromMilliseconds(100), delay.After(TimeSpan.FromSeconds(30)));
    }
}
