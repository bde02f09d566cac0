using System.Collections.Immutable;

namespace Mesh.Scheduler.Changes;

/// <summary>Passes changes on to everybody in this process who waits for them.</summary>
public sealed class ChangeBus
{
    private ImmutableList<ChangeSubscription> _subscriptions = [];

    public ChangeSubscription Subscribe(Func<Change, bool> filter)
    {
        var subscription = new ChangeSubscription(filter, this);
        ImmutableInterlocked.Update(ref _subscriptions, list => list.Add(subscription));
        return subscription;
    }

    public void Publish(Change change)
    {
        foreach (var subscription in _subscriptions)
            subscription.Offer(change);
    }

    internal void Remove(ChangeSubscription subscription) =>
        ImmutableInterlocked.Update(ref _subscriptions, list => list.Remove(subscription));
}
