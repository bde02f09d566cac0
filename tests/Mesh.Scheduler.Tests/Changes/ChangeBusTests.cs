using Mesh.Scheduler.Changes;

namespace Mesh.Scheduler.Tests.Changes;

public sealed class ChangeBusTests
{
    [Fact]
    public async Task A_subscription_that_ends_while_a_change_is_published_holds_up_nobody()
    {
        var bus = new ChangeBus();
        ChangeSubscription ending = null!;
        ending = bus.Subscribe(_ =>
        {
            ending.Dispose();
            return true;
        });
        using var other = bus.Subscribe(_ => true);

        bus.Publish(Change.Capacity);
        Assert.Equal([Change.Capacity], await other.NextAsync(default));
    }
}
