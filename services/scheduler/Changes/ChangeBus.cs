using System.Collections.Immutable;
using Mesh.Common.Postgres;

namespace Mesh.Scheduler.Changes;

/// <summary>
/// Passes changes on to everybody in this process who waits for them: what any scheduler changed, this one included, and what this one alone has to know.
/// Who is woken has to know what changed, not only that something did.
/// </summary>
public sealed class ChangeBus
{
    private ImmutableList<ChangeSubscription> _subscriptions = [];

    public ChangeBus(PostgresSignals signals) =>
        signals.Heard += heard => Publish(heard.Missed ? Change.Everything : Change.Parse(heard.Payload));

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
