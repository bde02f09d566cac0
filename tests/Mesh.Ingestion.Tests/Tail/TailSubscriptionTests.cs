using Mesh.Ingestion.Query;
using Mesh.Ingestion.Tail;
using Mesh.Ingestion.V1;

namespace Mesh.Ingestion.Tests.Tail;

public sealed class TailSubscriptionTests
{
    [Fact]
    public void A_slow_tail_holds_a_bounded_number_of_bytes()
    {
        using var tail = new TailSubscription(new LogFilter("acme", Selector.All, ""), _ => { });
        for (var i = 0; i < 200; i++)
            tail.Offer(new LogRecord { Body = new string('x', 60_000) });
        var read = 0;
        while (tail.TryRead(out _))
            read++;
        Assert.Equal(69, read);
        Assert.Equal(131, tail.TakeDropped());
        tail.Offer(new LogRecord { Body = new string('x', 6_000_000) });
        Assert.True(tail.TryRead(out _));
    }
}
