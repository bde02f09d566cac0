using Mesh.Common.Postgres;
using Mesh.Scheduler.Changes;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Mesh.Scheduler.Tests.Changes;

public sealed class ChangeBusTests
{
    [Fact]
    public async Task A_subscription_that_ends_while_a_change_is_published_holds_up_nobody()
    {
        // Nobody connects to it: what is published comes from this process.
        await using var source = NpgsqlDataSource.Create("Host=127.0.0.1");
        var listener = new PostgresListener(source, TimeProvider.System, NullLogger<PostgresListener>.Instance);
        using var signals = new PostgresSignals(listener, [ChangeNotice.Channel], TimeProvider.System, NullLogger<PostgresSignals>.Instance);
        var bus = new ChangeBus(signals);
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
