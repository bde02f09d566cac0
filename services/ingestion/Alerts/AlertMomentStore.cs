using Mesh.Common.Errors;
using Mesh.Common.Postgres;

namespace Mesh.Ingestion.Alerts;

/// <summary>
/// The steps of all alerts of a tenant. Invariant: they are committed in the order of their numbers (<see cref="AlertStore"/>), so
/// whoever has read up to a number has missed none below it.
/// </summary>
public sealed class AlertMomentStore(MeshDatabase database)
{
    // An alert fires once and ends once: its state says whether it had by then.
    private const string Columns = """
        a.tenant, a.uid, a.policy, a.labels, a.severity, a.start_time, h.change, h.state, h.value, h.acknowledged_by, h.time as change_time,
        case when h.state > 1 then a.fire_time end as fire_time,
        case when h.state = 3 then a.resolve_time end as resolve_time,
        case when h.acknowledged_by <> '' then coalesce(h.acknowledge_time, a.acknowledge_time) end as acknowledge_time
        """;

    /// <summary>The number of the last step of all, forgotten ones included.</summary>
    public async Task<long> LastAsync(string tenant, CancellationToken cancellationToken)
    {
        const string sql = """
            select greatest(
                (select max(change) from alert_history where tenant = @tenant),
                (select change from alert_horizons where tenant = @tenant),
                0)
            """;
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        return await transaction.QueryOneAsync<long>(sql, new { tenant }, cancellationToken);
    }

    /// <summary>The alerts that were open at the cursor's step, as they were then, in the order of their last steps; behind what was shown.</summary>
    public Task<IReadOnlyList<AlertMoment>> OpenAsync(string tenant, AlertCursor cursor, int limit, CancellationToken cancellationToken)
    {
        // What was open then is open now or has taken a step since.
        const string sql = $"""
            select {Columns}
            from alerts as a cross join lateral
            (
                select change, state, value, acknowledged_by, acknowledge_time, time from alert_history
                where tenant = a.tenant and alert = a.uid and change <= @Until
                order by change desc limit 1
            ) as h
            where a.tenant = @tenant and (a.state <> 3 or a.change > @Until) and h.state <> 3 and h.change > @Shown
            order by h.change limit @limit
            """;
        return ReadAsync(sql, tenant, cursor, limit, cancellationToken);
    }

    /// <summary>The steps behind the cursor's, in their order.</summary>
    public Task<IReadOnlyList<AlertMoment>> BehindAsync(string tenant, AlertCursor cursor, int limit, CancellationToken cancellationToken)
    {
        const string sql = $"""
            select {Columns}
            from alert_history as h join alerts as a on a.tenant = h.tenant and a.uid = h.alert
            where h.tenant = @tenant and h.change > @Until
            order by h.change limit @limit
            """;
        return ReadAsync(sql, tenant, cursor, limit, cancellationToken);
    }

    private async Task<IReadOnlyList<AlertMoment>> ReadAsync(
        string sql, string tenant, AlertCursor cursor, int limit, CancellationToken cancellationToken)
    {
        // Asked after the steps: whatever was forgotten before they were read is seen here.
        const string whole = """
            select last_value >= @Until and not exists (select 1 from alert_horizons where tenant = @tenant and change > @Until) from alert_changes
            """;
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        var moments = await transaction.QueryAsync<AlertMoment>(sql, new { tenant, cursor.Until, cursor.Shown, limit }, cancellationToken);
        return await transaction.QueryOneAsync<bool>(whole, new { tenant, cursor.Until }, cancellationToken) ? moments
            : throw MeshException.OutOfRange("CURSOR_EXPIRED", "Some of what came behind this cursor is forgotten. Begin again without one.");
    }
}
