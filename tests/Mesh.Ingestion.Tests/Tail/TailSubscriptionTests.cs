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

    [Fact]
    public void A_tail_that_goes_on_behind_a_row_gets_nothing_before_it_and_tells_how_far_it_came()
    {
        using var tail = new TailSubscription(new LogFilter("acme", Selector.All, ""), _ => { });
        tail.Begin(new(100, 2));
        foreach (var row in new TailedRow[] { new(100, 0), new(100, 1), new(100, 2), new(200, 0) })
            tail.Offer(new LogRecord { Body = $"{row.Frame}/{row.Row}" }, row);
        Assert.Equal(new(100, 2), tail.Reached);
        Assert.Equal(["100/2", "200/0"], tail.TakePage().Records.Select(record => record.Body));
        Assert.Equal(new(200, 1), tail.Reached);
    }

    [Fact]
    public void A_quiet_tail_comes_as_far_as_the_log_but_never_past_what_it_has_not_taken()
    {
        using var tail = new TailSubscription(new LogFilter("acme", Selector.All, ""), _ => { });
        tail.Begin(new(100, 2));
        Assert.Empty(tail.TakePage().Records);
        Assert.Equal(new(100, 2), tail.Reached);
        tail.Next = 300;
        Assert.Empty(tail.TakePage().Records);
        Assert.Equal(new(300, 0), tail.Reached);
        for (var i = 0; i < 3_000; i++)
            tail.Offer(new LogRecord { Body = $"{i}" }, new(400, i));
        tail.Next = 500;
        var taken = tail.TakePage().Records.Count;
        Assert.Equal(new(400, taken), tail.Reached);
        while (taken < 3_000)
            taken += tail.TakePage().Records.Count;
        tail.TakePage();
        Assert.Equal(new(500, 0), tail.Reached);
    }
}
