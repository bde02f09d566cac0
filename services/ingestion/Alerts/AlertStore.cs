using Mesh.Common.Errors;
using Mesh.Common.Postgres;

namespace Mesh.Ingestion.Alerts;

/// <summary>The table of alerts.</summary>
public sealed class AlertStore(MeshDatabase database)
{
    /// <summary>The channel on which changes are told; the payload is the tenant.</summary>
    public const string Channel = "alerts";

    private const string Columns = """
        tenant, uid, policy, labels, state, severity, value, start_time, held_time, fire_time, resolve_time, acknowledged_by, change
        """;

    // Changes are numbered one transaction at a time, so that whoever has seen a number has seen all below it.
    private const string LockChanges = "select pg_advisory_xact_lock(hashtext('alert_changes'))";
    private const string Notify = "select pg_notify('alerts', @tenant)";

    /// <summary>Applies a decision to a policy's open alerts. Nothing happens where the policy has changed meanwhile.</summary>
    public async Task DecideAsync(
        AlertPolicy policy, Func<IReadOnlyList<Alert>, IEnumerable<Alert>> decide, CancellationToken cancellationToken)
    {
        var tenant = policy.Name.Tenant;
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        if (!await AlertPolicyStore.LockAsync(transaction, policy, cancellationToken))
            return;

        const string open = $"select {Columns} from alerts where tenant = @tenant and policy = @Id and state <> 3 for update";
        var before = await transaction.QueryAsync<Alert>(open, new { tenant, policy.Name.Id }, cancellationToken);
        var states = before.ToDictionary(alert => alert.Uid, alert => alert.State);
        var changed = false;
        foreach (var alert in decide(before))
        {
            var visible = !states.TryGetValue(alert.Uid, out var state) || state != alert.State;
            if (visible && !changed)
                await transaction.ExecuteAsync(LockChanges, null, cancellationToken);
            changed |= visible;
            await SaveAsync(transaction, alert, visible, cancellationToken);
        }

        if (changed)
            await transaction.ExecuteAsync(Notify, new { tenant }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Alerts from the newest on, before a given one.</summary>
    public async Task<IReadOnlyList<Alert>> ListAsync(
        string tenant, V1.Alert.Types.State state, Guid? before, int limit, CancellationToken cancellationToken)
    {
        const string sql = $"""
            select {Columns} from alerts
            where tenant = @tenant and (@state = 0 or state = @state) and (@before::uuid is null or uid < @before)
            order by uid desc limit @limit
            """;
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        return await transaction.QueryAsync<Alert>(sql, new { tenant, state = (short)state, before, limit }, cancellationToken);
    }

    public async Task<Alert> AcknowledgeAsync(AlertName name, string by, CancellationToken cancellationToken)
    {
        const string sql = $"""
            update alerts set acknowledged_by = @by, change = nextval('alert_changes')
            where tenant = @Tenant and uid = @Uid
            returning {Columns}
            """;
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        await transaction.ExecuteAsync(LockChanges, null, cancellationToken);
        var alert = await transaction.QueryOneAsync<Alert>(sql, new { by, name.Tenant, name.Uid }, cancellationToken)
            ?? throw MeshException.NotFound("ALERT_NOT_FOUND", $"There is no alert `{name}`.");
        await transaction.ExecuteAsync(Notify, new { tenant = name.Tenant }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return alert;
    }

    /// <summary>What changed behind a change that was seen, in order; without one, what is not resolved.</summary>
    public async Task<IReadOnlyList<Alert>> ChangesAsync(string tenant, long? seen, CancellationToken cancellationToken)
    {
        const string sql = $"""
            select {Columns} from alerts
            where tenant = @tenant and (change > @seen or (@seen is null and state <> 3)) order by change
            """;
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        return await transaction.QueryAsync<Alert>(sql, new { tenant, seen }, cancellationToken);
    }

    /// <summary>The number of the last change of all.</summary>
    public async Task<long> LastChangeAsync(string tenant, CancellationToken cancellationToken)
    {
        const string sql = "select coalesce(max(change), 0) from alerts where tenant = @tenant";
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        return await transaction.QueryOneAsync<long>(sql, new { tenant }, cancellationToken);
    }

    internal static async Task ResolveAllAsync(
        MeshTransaction transaction, AlertPolicyName policy, DateTimeOffset now, CancellationToken cancellationToken)
    {
        const string sql = """
            update alerts set state = 3, resolve_time = @now, change = nextval('alert_changes')
            where tenant = @Tenant and policy = @Id and state <> 3
            """;
        await transaction.ExecuteAsync(LockChanges, null, cancellationToken);
        await transaction.ExecuteAsync(sql, new { now, policy.Tenant, policy.Id }, cancellationToken);
        await transaction.ExecuteAsync(Notify, new { tenant = policy.Tenant }, cancellationToken);
    }

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
