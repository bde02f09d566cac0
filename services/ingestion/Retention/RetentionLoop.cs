using Mesh.Common.ClickHouse;
using Mesh.Common.Hosting;
using Mesh.Ingestion.Query;
using Mesh.Ingestion.Tables;

namespace Mesh.Ingestion.Retention;

/// <summary>
/// Deletes what a tenant keeps no longer. The tables' own TTL drops whole parts and costs nothing; only rules that are shorter delete
/// rows. Several replicas may do it at once, and again: what is gone is gone.
/// </summary>
public sealed class RetentionLoop(RetentionOptions options, ClickHouseClient clickHouse, TableSetup tables, TimeProvider time, ILogger<RetentionLoop> logger)
    : BackgroundLoop
{
    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        if (options.Rules.Count == 0)
            return;
        await tables.ReadyAsync(stoppingToken);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(options.IntervalMilliseconds), time);
        do
        {
            foreach (var rule in options.Rules)
                await ApplyAsync(rule, stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task ApplyAsync(RetentionRule rule, CancellationToken cancellationToken)
    {
        var parameters = new SqlParameters();
        var old = $"tenant = {parameters.Text(rule.Tenant)} and {rule.TimeColumn} < toDateTime({parameters.Number(
            time.GetUtcNow().ToUnixTimeSeconds() - rule.Days * 86_400L)})";
        try
        {
            var found = false;
            await foreach (var row in clickHouse.QueryAsync($"select 1 from {rule.Table} where {old} limit 1", parameters.Values, cancellationToken))
                found = row.Count > 0;
            if (found)
                await clickHouse.ExecuteAsync($"delete from {rule.Table} where {old}", parameters.Values, cancellationToken);
        }
        catch (Exception exception) when (exception is ClickHouseException or HttpRequestException or TimeoutException)
        {
            logger.LogWarning(exception, "What {Tenant} keeps no longer in {Table} could not be deleted now", rule.Tenant, rule.Table);
        }
    }
}
