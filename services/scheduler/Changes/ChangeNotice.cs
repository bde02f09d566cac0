using Mesh.Common.Postgres;

namespace Mesh.Scheduler.Changes;

/// <summary>Tells all schedulers of changes when, and only when, the transaction commits.</summary>
public static class ChangeNotice
{
    public const string Channel = "mesh_scheduler";

    public static Task NotifyAsync(this MeshTransaction transaction, IEnumerable<Change> changes, CancellationToken cancellationToken)
    {
        const string sql = "select pg_notify(@Channel, payload) from unnest(@Payloads) payload";
        var payloads = changes.Select(change => change.ToString()).Distinct().ToArray();
        return payloads.Length == 0
            ? Task.CompletedTask
            : transaction.ExecuteAsync(sql, new { Channel, Payloads = payloads }, cancellationToken);
    }
}
