using Mesh.Common.Hosting;
using Mesh.Common.Postgres;

namespace Mesh.Scheduler.Changes;

/// <summary>Hears through PostgreSQL what any scheduler changed, this one included.</summary>
public sealed class ChangeListener(PostgresListener listener, ChangeBus bus) : BackgroundLoop
{
    public const string Channel = "mesh_scheduler";

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        await foreach (var notification in listener.ListenAsync([Channel], stoppingToken))
            bus.Publish(notification.Missed ? Change.Everything : Change.Parse(notification.Payload));
    }
}
