using Mesh.Common.Postgres;

namespace Mesh.Ingestion.Targets;

/// <summary>
/// Keeps up to which time the metrics of targets have been read, and the plans of readings that a log may have. Invariant: what
/// lies before a metric's position is in a log, or a plan owes it; so it is written once, whoever reads.
/// </summary>
public sealed class TargetHistoryStore(MeshDatabase database)
{
    /// <summary>What a replica begins a reading from.</summary>
    /// <param name="name">The target.</param>
    /// <param name="log">The replica's own log. What another one plans is that one's to settle.</param>
    /// <param name="durable">The last number of the target in that log: the plans up to it are done, and go.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<TargetHistory> ReadAsync(TargetName name, Guid log, long durable, CancellationToken cancellationToken)
    {
        const string done = "delete from target_plans where tenant = @Tenant and target = @Id and log = @log and number <= @durable";
        const string open = """
            select id, metrics, starts, ends from target_plans where tenant = @Tenant and target = @Id and (log = @log or log is null)
            """;
        const string read = "select metric, milliseconds from target_positions where tenant = @Tenant and target = @Id";
        var values = new { name.Tenant, name.Id, log, durable };
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        await transaction.ExecuteAsync(done, values, cancellationToken);
        var plans = await transaction.QueryAsync<PlanRow>(open, values, cancellationToken);
        var positions = await transaction.QueryAsync<PositionRow>(read, values, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new TargetHistory(
            positions.ToDictionary(row => row.Metric, row => row.Milliseconds, StringComparer.Ordinal),
            [.. plans.SelectMany(plan => plan.Spans)],
            [.. plans.Select(plan => plan.Id)]);
    }

    /// <summary>
    /// Moves the positions to the ends of what was read, and notes that a log is about to take it. Null where the turn is over:
    /// then nothing is noted, and nothing may be written.
    /// </summary>
    public async Task<Guid?> PlanAsync(
        TargetTurn turn, TargetHistory history, HistoryReading reading, Guid log, long number, CancellationToken cancellationToken)
    {
        // The lock makes a turn that begins at this moment come before or after.
        const string current = "select turn from targets where tenant = @Tenant and id = @Id for share";
        const string replace = "delete from target_plans where id = any(@plans)";
        const string advance = """
            insert into target_positions (tenant, target, metric, milliseconds)
            select @Tenant, @Id, read.metric, max(read.milliseconds)
            from unnest(@metrics, @ends) as read (metric, milliseconds)
            group by read.metric
            on conflict (tenant, target, metric) do update set milliseconds = greatest(target_positions.milliseconds, excluded.milliseconds)
            """;
        var name = turn.Target.Name;
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        if (await transaction.QueryOneAsync<long?>(current, new { name.Tenant, name.Id }, cancellationToken) != turn.Number)
            return null;
        if (history.Plans.Count > 0)
            await transaction.ExecuteAsync(replace, new { plans = history.Plans.ToArray() }, cancellationToken);
        if (reading.Left.Count > 0)
            await InsertAsync(transaction, name, reading.Left, null, null, cancellationToken);
        var id = await InsertAsync(transaction, name, reading.Spans, log, number, cancellationToken);
        await transaction.ExecuteAsync(advance, new { name.Tenant, name.Id, metrics = Metrics(reading.Spans), ends = Ends(reading.Spans) }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return id;
    }

    /// <summary>Forgets a plan whose samples are durable.</summary>
    public async Task FinishAsync(TargetName name, Guid plan, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        await transaction.ExecuteAsync("delete from target_plans where id = @plan", new { plan }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>
    /// Settles all plans of a log of which nothing is on its way: those that it has go, and the others are owed by whoever
    /// reads next.
    /// </summary>
    /// <param name="log">The log.</param>
    /// <param name="durableOf">The last number of a target in it.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task SettleAsync(Guid log, Func<TargetName, long> durableOf, CancellationToken cancellationToken)
    {
        const string find = "select id, tenant, target, number from target_plans where log = @log for update";
        const string forget = "delete from target_plans where id = any(@plans)";
        const string owe = "update target_plans set log = null, number = null where id = any(@plans)";
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        var plans = await transaction.QueryAsync<NumberRow>(find, new { log }, cancellationToken);
        var done = plans.ToLookup(plan => plan.Number <= durableOf(new TargetName(plan.Tenant, plan.Target)), plan => plan.Id);
        await transaction.ExecuteAsync(forget, new { plans = done[true].ToArray() }, cancellationToken);
        await transaction.ExecuteAsync(owe, new { plans = done[false].ToArray() }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task<Guid> InsertAsync(
        MeshTransaction transaction, TargetName name, IReadOnlyList<HistorySpan> spans, Guid? log, long? number, CancellationToken cancellationToken)
    {
        const string sql = """
            insert into target_plans (id, tenant, target, log, number, metrics, starts, ends)
            values (@id, @Tenant, @target, @log, @number, @metrics, @starts, @ends)
            """;
        var id = Guid.CreateVersion7();
        var values = new
        {
            id, name.Tenant, target = name.Id, log, number, metrics = Metrics(spans), starts = spans.Select(span => span.From).ToArray(), ends = Ends(spans),
        };
        await transaction.ExecuteAsync(sql, values, cancellationToken);
        return id;
    }

    private static string[] Metrics(IReadOnlyList<HistorySpan> spans) => [.. spans.Select(span => span.Metric)];

    private static long[] Ends(IReadOnlyList<HistorySpan> spans) => [.. spans.Select(span => span.To)];

    private sealed record PositionRow(string Metric, long Milliseconds);

    private sealed record NumberRow(Guid Id, string Tenant, string Target, long Number);

    private sealed record PlanRow
    {
        public Guid Id { get; init; }

        public string[] Metrics { get; init; } = [];

        public long[] Starts { get; init; } = [];

        public long[] Ends { get; init; } = [];

        public IEnumerable<HistorySpan> Spans => Metrics.Select((metric, i) => new HistorySpan(metric, Starts[i], Ends[i]));
    }
}
