using Mesh.Common.Errors;
using Mesh.Common.Postgres;

namespace Mesh.Ingestion.Alerts;

/// <summary>The table of alerts.</summary>
public sealed class AlertStore(MeshDatabase database, AlertTurnStore turns, TimeProvider time)
{
    /// <summary>The channel on which changes are told; the payload is the tenant.</summary>
    public const string Channel = "alerts";

    private const string Columns = """
        tenant, uid, policy, labels, state, severity, value, start_time, held_time, fire_time, resolve_time, acknowledged_by,
        acknowledge_time, change
        """;

    // Steps are numbered one transaction at a time, until it has committed: whoever has seen a number has seen all below it.
    private const string LockChanges = "select pg_advisory_xact_lock(hashtext('alert_changes'))";
    private const string Notify = "select pg_notify('alerts', @tenant)";

    /// <summary>Applies a turn's decision to its policy's open alerts. Nothing happens where the turn no longer counts.</summary>
    public async Task DecideAsync(
        AlertTurn turn, Func<IReadOnlyList<Alert>, IEnumerable<Alert>> decide, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(turn.Policy.Name.Tenant, cancellationToken);
        if (!await turns.FinishAsync(transaction, turn, cancellationToken))
            return;
        var before = await OpenAsync(transaction, turn.Policy.Name, cancellationToken);
        await ApplyAsync(transaction, turn.Policy, before, decide(before), turn.Time, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>One alert as it is now.</summary>
    public async Task<Alert> GetAsync(AlertName name, CancellationToken cancellationToken)
    {
        const string sql = $"select {Columns} from alerts where tenant = @Tenant and uid = @Uid";
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        return await transaction.QueryOneAsync<Alert>(sql, new { name.Tenant, name.Uid }, cancellationToken) ?? throw NotFound(name);
    }

    /// <summary>Alerts from the newest on, before a given one.</summary>
    public async Task<IReadOnlyList<Alert>> ListAsync(
        string tenant, V1.Alert.Types.State state, string policy, Guid? before, int limit, CancellationToken cancellationToken)
    {
        const string sql = $"""
            select {Columns} from alerts
            where tenant = @tenant and (@state = 0 or state = @state) and (@policy = '' or policy = @policy)
                and (@before::uuid is null or uid < @before)
            order by uid desc limit @limit
            """;
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        return await transaction.QueryAsync<Alert>(sql, new { tenant, state = (short)state, policy, before, limit }, cancellationToken);
    }

    /// <summary>The steps of an alert's life behind a change, in order.</summary>
    public async Task<IReadOnlyList<AlertStep>> HistoryAsync(AlertName name, long after, int limit, CancellationToken cancellationToken)
    {
        const string known = "select 1 from alerts where tenant = @Tenant and uid = @Uid";
        const string sql = """
            select change, state, value, acknowledged_by, time from alert_history
            where tenant = @Tenant and alert = @Uid and change > @after order by change limit @limit
            """;
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        if (await transaction.QueryOneAsync<int?>(known, new { name.Tenant, name.Uid }, cancellationToken) is null)
            throw NotFound(name);
        return await transaction.QueryAsync<AlertStep>(sql, new { name.Tenant, name.Uid, after, limit }, cancellationToken);
    }

    public async Task<Alert> AcknowledgeAsync(AlertName name, string by, CancellationToken cancellationToken)
    {
        // The row first, then the number: as every decision does.
        const string find = "select 1 from alerts where tenant = @Tenant and uid = @Uid for update";
        const string sql = $"""
            update alerts set acknowledged_by = @by, acknowledge_time = @now, change = nextval('alert_changes')
            where tenant = @Tenant and uid = @Uid
            returning {Columns}
            """;
        var now = time.GetUtcNow();
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        if (await transaction.QueryOneAsync<int?>(find, new { name.Tenant, name.Uid }, cancellationToken) is null)
            throw NotFound(name);
        await transaction.ExecuteAsync(LockChanges, null, cancellationToken);
        var alert = (await transaction.QueryOneAsync<Alert>(sql, new { by, now, name.Tenant, name.Uid }, cancellationToken))!;
        await RecordAsync(transaction, alert, now, cancellationToken);
        await transaction.ExecuteAsync(Notify, new { tenant = name.Tenant }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return alert;
    }

    /// <summary>Ends a policy's open alerts.</summary>
    internal static async Task ResolveAllAsync(
        MeshTransaction transaction, AlertPolicy policy, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var open = await OpenAsync(transaction, policy.Name, cancellationToken);
        var over = open.Select(alert => alert with { State = V1.Alert.Types.State.Resolved, ResolveTime = now });
        await ApplyAsync(transaction, policy, open, over, now, cancellationToken);
    }

    private static Task<IReadOnlyList<Alert>> OpenAsync(MeshTransaction transaction, AlertPolicyName policy, CancellationToken cancellationToken)
    {
        const string sql = $"select {Columns} from alerts where tenant = @Tenant and policy = @Id and state <> 3 order by uid for update";
        return transaction.QueryAsync<Alert>(sql, new { policy.Tenant, policy.Id }, cancellationToken);
    }

    // What becomes of alerts, their history and what is told of them are one transaction.
    private static async Task ApplyAsync(
        MeshTransaction transaction, AlertPolicy policy, IReadOnlyList<Alert> before, IEnumerable<Alert> after, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        var states = before.ToDictionary(alert => alert.Uid, alert => alert.State);
        var changed = false;
        foreach (var alert in after)
        {
            var visible = !states.TryGetValue(alert.Uid, out var state) || state != alert.State;
            if (visible && !changed)
                await transaction.ExecuteAsync(LockChanges, null, cancellationToken);
            await SaveAsync(transaction, alert, visible, cancellationToken);
            if (!visible)
                continue;
            changed = true;
            await RecordAsync(transaction, alert, now, cancellationToken);
            if (AlertDelivery.Of(policy, alert, now) is { } delivery)
                await AlertDeliveryStore.AddAsync(transaction, delivery, cancellationToken);
        }

        if (changed)
            await transaction.ExecuteAsync(Notify, new { tenant = policy.Name.Tenant }, cancellationToken);
    }

    private static Task<int> RecordAsync(MeshTransaction transaction, Alert alert, DateTimeOffset now, CancellationToken cancellationToken)
    {
        const string sql = """
            insert into alert_history (tenant, alert, change, state, value, acknowledged_by, acknowledge_time, time)
            select tenant, uid, change, state, value, acknowledged_by, acknowledge_time, @now from alerts where tenant = @Tenant and uid = @Uid
            """;
        return transaction.ExecuteAsync(sql, new { now, alert.Tenant, alert.Uid }, cancellationToken);
    }

    private static MeshException NotFound(AlertName name) => MeshException.NotFound("ALERT_NOT_FOUND", $"There is no alert `{name}`.");

    private static Task<int> SaveAsync(MeshTransaction transaction, Alert alert, bool visible, CancellationToken cancellationToken)
    {
        const string sql = """
            insert into alerts (tenant, uid, policy, labels, state, severity, value, start_time, held_time, fire_time, resolve_time, change)
            values (@Tenant, @Uid, @Policy, @Labels, @State, @Severity, @Value, @StartTime, @HeldTime, @FireTime, @ResolveTime,
                nextval('alert_changes'))
            on conflict (tenant, uid) do update
            set state = @State, value = @Value, held_time = @HeldTime, fire_time = @FireTime, resolve_time = @ResolveTime,
                change = case when @visible then excluded.change else alerts.change end
            """;
        var values = new
        {
            alert.Tenant, alert.Uid, alert.Policy, alert.Labels, State = (short)alert.State, Severity = (short)alert.Severity, alert.Value,
            alert.StartTime, alert.HeldTime, alert.FireTime, alert.ResolveTime, visible,
        };
        return transaction.ExecuteAsync(sql, values, cancellationToken);
    }
}
