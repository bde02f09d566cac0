using Mesh.Common.Postgres;
using Mesh.Ingestion.Quotas;

namespace Mesh.Ingestion.Alerts;

/// <summary>
/// Gives out the turns of evaluating policies. A turn belongs to one replica for the time of its lease; who comes back
/// later than that finds the next turn taken, and its decision does not count.
/// </summary>
public sealed class AlertTurnStore(MeshDatabase database, AlertOptions options)
{
    private static readonly TimeSpan LeastBreak = TimeSpan.FromSeconds(10);

    // More than this between two evaluations is a break.
    private TimeSpan Break => options.Interval * 3 > LeastBreak ? options.Interval * 3 : LeastBreak;

    /// <summary>Takes policies whose time has come, at most as many as there are slots for; other replicas take others.</summary>
    /// <param name="slots">The slots of this replica.</param>
    /// <param name="running">What it evaluates at this time, by tenant.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<AlertTurns> TakeAsync(TenantSlots slots, IReadOnlyDictionary<string, int> running, CancellationToken cancellationToken)
    {
        // No more are looked at, and locked, than there are slots for; what others may take of the rest they find at once. A tenant with a long
        // backlog is all that is seen only until it may take no other slot, and then there are free ones still.
        const string look = """
            select tenant, id from alert_policies
            where not paused and next_evaluation_time <= now() and tenant <> all(@full)
            order by next_evaluation_time limit @free for update skip locked
            """;
        const string take = $"""
            update alert_policies
            set evaluation = evaluation + 1, next_evaluation_time = now() + make_interval(secs => @lease)
            where (tenant, id) in (select * from unnest(@tenants, @ids))
            returning {AlertPolicyRow.Columns}, evaluation, resume_time, now() as now
            """;
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        var scope = new { full = slots.Full(running), free = slots.Free(running) };
        var due = await transaction.QueryAsync<AlertPolicyName>(look, scope, cancellationToken);
        if (due.Count == 0)
            return new AlertTurns([], LeftOut: false);
        var chosen = slots.Choose(due, name => name.Tenant, running);
        var values = new
        {
            lease = options.Lease.TotalSeconds, tenants = chosen.Select(name => name.Tenant).ToArray(), ids = chosen.Select(name => name.Id).ToArray(),
        };
        var taken = await transaction.QueryAsync<TurnRow>(take, values, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new AlertTurns([.. taken.Select(TurnOf)], LeftOut: due.Count == scope.free && due.Count > taken.Count);
    }

    /// <summary>Gives a turn back, for whoever comes next.</summary>
    public async Task ReleaseAsync(AlertTurn turn, CancellationToken cancellationToken)
    {
        const string sql = """
            update alert_policies set next_evaluation_time = now() where tenant = @Tenant and id = @Id and evaluation = @Number
            """;
        await using var transaction = await database.BeginAsync(turn.Policy.Name.Tenant, cancellationToken);
        await transaction.ExecuteAsync(sql, new { turn.Policy.Name.Tenant, turn.Policy.Name.Id, turn.Number }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Ends a turn that came to no decision.</summary>
    public async Task FailAsync(AlertTurn turn, string error, CancellationToken cancellationToken)
    {
        const string sql = """
            update alert_policies set next_evaluation_time = @next, evaluation_error = @error
            where tenant = @Tenant and id = @Id and evaluation = @Number and revision = @Revision
            """;
        await using var transaction = await database.BeginAsync(turn.Policy.Name.Tenant, cancellationToken);
        var values = new { turn.Policy.Name.Tenant, turn.Policy.Name.Id, turn.Number, turn.Policy.Revision, error, next = turn.Time + options.Interval };
        await transaction.ExecuteAsync(sql, values, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>
    /// Ends a turn as part of its decision, and keeps the policy locked until the transaction ends. False where another turn
    /// was taken meanwhile, or the policy has changed or is gone: then nothing may be decided.
    /// </summary>
    public async Task<bool> FinishAsync(MeshTransaction transaction, AlertTurn turn, CancellationToken cancellationToken)
    {
        const string sql = """
            update alert_policies
            set next_evaluation_time = @next, evaluate_time = @Time, resume_time = @ResumeTime, evaluation_error = ''
            where tenant = @Tenant and id = @Id and evaluation = @Number and revision = @Revision
            """;
        var values = new
        {
            turn.Policy.Name.Tenant, turn.Policy.Name.Id, turn.Number, turn.Policy.Revision, turn.Time, turn.ResumeTime,
            next = turn.Time + options.Interval,
        };
        return await transaction.ExecuteAsync(sql, values, cancellationToken) == 1;
    }

    private AlertTurn TurnOf(TurnRow row)
    {
        var resumed = row.EvaluateTime is { } last && row.Now - last > Break ? row.Now : row.ResumeTime;
        return new AlertTurn(row.ToPolicy(), row.Evaluation, row.Now, resumed);
    }

    private sealed record TurnRow : AlertPolicyRow
    {
        public long Evaluation { get; init; }

        public DateTimeOffset? ResumeTime { get; init; }

        public DateTimeOffset Now { get; init; }
    }
}

/// <summary>What was taken.</summary>
/// <param name="Turns">The turns.</param>
/// <param name="LeftOut">Whether others may be due that were not seen behind those of a tenant that may take no other slot.</param>
public sealed record AlertTurns(IReadOnlyList<AlertTurn> Turns, bool LeftOut);
