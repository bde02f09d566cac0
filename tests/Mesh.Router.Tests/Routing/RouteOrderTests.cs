using Mesh.Router.Routing;

namespace Mesh.Router.Tests.Routing;

public sealed class RouteOrderTests
{
    private readonly Clock _clock = new();

    [Fact]
    public void Routes_do_not_go_back_to_what_a_replica_read_earlier()
    {
        var order = new RouteOrder(_clock);
        Assert.True(order.Takes(7));
        Assert.False(order.Takes(6));
        Assert.True(order.Takes(7));
        Assert.True(order.Takes(8));
        _clock.Now += RouteOrder.Patience;
        Assert.False(order.Takes(7));
    }

    [Fact]
    public void A_controller_that_began_anew_is_followed_after_a_while()
    {
        var order = new RouteOrder(_clock);
        Assert.True(order.Takes(7));
        Assert.False(order.Takes(2));
        _clock.Now += RouteOrder.Patience - TimeSpan.FromSeconds(1);
        Assert.False(order.Takes(2));
        _clock.Now += TimeSpan.FromSeconds(1);
        Assert.True(order.Takes(2));
        Assert.True(order.Takes(3));
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
