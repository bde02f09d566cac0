using Mesh.Common.ClickHouse;
using Mesh.Common.Hosting;
using Mesh.Common.Postgres;
using Mesh.Ingestion.Query;
using Mesh.Ingestion.Tables;

namespace Mesh.Ingestion.Retention;

/// <summary>
/// Deletes what a tenant keeps no longer. The tables' own TTL drops whole parts and costs nothing; only what is kept for a shorter time is
/// deleted by rows. Several replicas may do it at once, and again: what is gone is gone.
/// </summary>
public sealed class RetentionLoop(
    RetentionOptions options, RetentionStore store, ClickHouseClient clickHouse, TableSetup tables, TimeProvider time, ILogger<RetentionLoop> logger)
    : BackgroundLoop
{
    private const int TenantsAtOnce = 500;

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        await tables.ReadyAsync(stoppingToken);
        var interval = TimeSpan.FromMilliseconds(options.IntervalMilliseconds);
        await new Rounds("What is kept no longer could not be deleted now", time, logger) { Pause = interval }.RunAsync(DeleteAsync, stoppingToken);
    }

    private async Task DeleteAsync(CancellationToken cancellationToken)
    {
        var stated = await store.ListAsync(MeshDatabase.Platform, cancellationToken);
        foreach (var plan in RetentionPlan.Make(options.Rules, stated))
            await ApplyAsync(plan, cancellationToken);
    }

    private async Task ApplyAsync(RetentionPlan plan, CancellationToken cancellationToken)
    {
        // Those who keep theirs for as long go together: each deletion costs much, however little it deletes.
        foreach (var group in plan.Days.Where(pair => pair.Value < plan.Signal.MaxDays).GroupBy(pair => pair.Value, pair => pair.Key))
            await DeleteAsync(plan.Signal, group, group.Key, cancellationToken);
        if (plan.DefaultDays is { } days)
        {
            var parameters = new SqlParameters();
            var old = await TenantsAsync($"select distinct tenant from {plan.Signal.Table} where {Old(plan.Signal, days, parameters)}", parameters, cancellationToken);
            await DeleteAsync(plan.Signal, old.Where(tenant => !plan.Days.ContainsKey(tenant)), days, cancellationToken);
        }
    }

    private async Task DeleteAsync(KeptSignal signal, IEnumerable<string> tenants, int days, CancellationToken cancellationToken)
    {
        foreach (var chunk in tenants.Chunk(TenantsAtOnce))
        {
            var parameters = new SqlParameters();
            var old = Old(signal, days, parameters);
            var theirs = string.Join(", ", chunk.Select(parameters.Text));
            var found = await TenantsAsync($"select distinct tenant from {signal.Table} where tenant in ({theirs}) and {old}", parameters, cancellationToken);
            if (found.Count > 0)
                await clickHouse.ExecuteAsync($"delete from {signal.Table} where tenant in ({theirs}) and {old}", parameters.Values, cancellationToken);
        }
    }

    private string Old(KeptSignal signal, int days, SqlParameters parameters) =>
        $"{signal.TimeColumn} < toDateTime({parameters.Number(time.GetUtcNow().ToUnixTimeSeconds() - days * 86_400L)})";

    private async Task<IReadOnlyList<string>> TenantsAsync(string sql, SqlParameters parameters, CancellationToken cancellationToken)
    {
        var tenants = new List<string>();
        await foreach (var row in clickHouse.QueryAsync(sql, parameters.Values, cancellationToken))
            tenants.Add(row[0].GetString()!);
        return tenants;
    }
}
