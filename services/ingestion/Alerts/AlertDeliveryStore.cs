using Mesh.Common.Postgres;
using Mesh.Ingestion.Quotas;

namespace Mesh.Ingestion.Alerts;

/// <summary>The outbox of webhooks.</summary>
public sealed class AlertDeliveryStore(MeshDatabase database, WebhookOptions options)
{
    private const string Columns = """
        tenant, uid, alert, policy, alert_state, url, secret, body, state, attempts, last_error, create_time, next_attempt_time, finish_time
        """;

    /// <summary>Adds a notification to the transaction of the change that it tells.</summary>
    internal static Task<int> AddAsync(MeshTransaction transaction, AlertDelivery delivery, CancellationToken cancellationToken)
    {
        const string sql = """
            insert into alert_deliveries (tenant, uid, alert, policy, alert_state, url, secret, body, create_time, next_attempt_time)
            values (@Tenant, @Uid, @Alert, @Policy, @AlertState, @Url, @Secret, @Body, @CreateTime, now())
            """;
        var values = new
        {
            delivery.Tenant, delivery.Uid, delivery.Alert, delivery.Policy, AlertState = (short)delivery.AlertState, delivery.Url,
            delivery.Secret, delivery.Body, delivery.CreateTime,
        };
        return transaction.ExecuteAsync(sql, values, cancellationToken);
    }

    /// <summary>
    /// Takes notifications whose time has come, the oldest of each alert only, at most as many as there are slots for. Where the
    /// attempt is never reported, they come again.
    /// </summary>
    /// <param name="slots">The slots of this replica.</param>
    /// <param name="running">What it tells at this time, by tenant.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<AlertDeliveries> TakeAsync(TenantSlots slots, IReadOnlyDictionary<string, int> running, CancellationToken cancellationToken)
    {
        // Looked at like the policies that are due.
        const string look = """
            select tenant, uid from alert_deliveries as due
            where state = 1 and next_attempt_time <= now() and tenant <> all(@full) and not exists
            (
                select 1 from alert_deliveries as earlier
                where earlier.tenant = due.tenant and earlier.alert = due.alert and earlier.uid < due.uid and earlier.state = 1
            )
            order by next_attempt_time limit @free for update skip locked
            """;
        const string take = $"""
            update alert_deliveries
            set attempts = attempts + 1, next_attempt_time = now() + make_interval(secs => @lease)
            where (tenant, uid) in (select * from unnest(@tenants, @uids))
            returning {Columns}
            """;
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        var scope = new { full = slots.Full(running), free = slots.Free(running) };
        var due = await transaction.QueryAsync<DueRow>(look, scope, cancellationToken);
        if (due.Count == 0)
            return new AlertDeliveries([], LeftOut: false);
        var chosen = slots.Choose(due, row => row.Tenant, running);
        var values = new
        {
            lease = 3 * options.Timeout.TotalSeconds, tenants = chosen.Select(row => row.Tenant).ToArray(), uids = chosen.Select(row => row.Uid).ToArray(),
        };
        var taken = await transaction.QueryAsync<AlertDelivery>(take, values, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new AlertDeliveries(taken, LeftOut: due.Count == scope.free && due.Count > taken.Count);
    }

    /// <summary>Notes how an attempt went: delivered, to be tried again, or given up. A later attempt's word stands.</summary>
    public async Task ReportAsync(AlertDelivery delivery, string error, CancellationToken cancellationToken)
    {
        const string sql = """
            update alert_deliveries
            set state = @state, last_error = @error, next_attempt_time = now() + make_interval(secs => @wait),
                finish_time = case when @state = 1 then null else now() end
            where tenant = @Tenant and uid = @Uid and state = 1 and attempts = @Attempts
            """;
        var state = error.Length == 0 ? V1.AlertDelivery.Types.State.Delivered
            : delivery.Attempts < options.Attempts ? V1.AlertDelivery.Types.State.Pending : V1.AlertDelivery.Types.State.Failed;
        var values = new
        {
            delivery.Tenant, delivery.Uid, delivery.Attempts, error, state = (short)state,
            wait = options.WaitAfter(delivery.Attempts).TotalSeconds,
        };
        await using var transaction = await database.BeginAsync(delivery.Tenant, cancellationToken);
        await transaction.ExecuteAsync(sql, values, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Notifications from the newest on, before a given one.</summary>
    public async Task<IReadOnlyList<AlertDelivery>> ListAsync(
        string tenant, V1.AlertDelivery.Types.State state, Guid? before, int limit, CancellationToken cancellationToken)
    {
        const string sql = $"""
            select {Columns} from alert_deliveries
            where tenant = @tenant and (@state = 0 or state = @state) and (@before::uuid is null or uid < @before)
            order by uid desc limit @limit
            """;
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        return await transaction.QueryAsync<AlertDelivery>(sql, new { tenant, state = (short)state, before, limit }, cancellationToken);
    }

    private sealed record DueRow(string Tenant, Guid Uid);
}

/// <summary>What was taken.</summary>
/// <param name="Deliveries">The notifications.</param>
/// <param name="LeftOut">Whether others may be due that were not seen behind those of a tenant that may take no other slot.</param>
public sealed record AlertDeliveries(IReadOnlyList<AlertDelivery> Deliveries, bool LeftOut);
