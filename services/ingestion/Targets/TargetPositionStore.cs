using Mesh.Common.Postgres;
using Mesh.Ingestion.Scraping;

namespace Mesh.Ingestion.Targets;

/// <summary>Up to which time the metrics of targets have been read, for targets that keep a history.</summary>
public sealed class TargetPositionStore(MeshDatabase database)
{
    /// <summary>The last time that was read of each metric, in milliseconds.</summary>
    public async Task<IReadOnlyDictionary<string, long>> ReadAsync(TargetName name, CancellationToken cancellationToken)
    {
        const string sql = "select metric, milliseconds from target_positions where tenant = @Tenant and target = @Id";
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        var rows = await transaction.QueryAsync<ReadPosition>(sql, new { name.Tenant, name.Id }, cancellationToken);
        return rows.ToDictionary(row => row.Metric, row => row.Milliseconds, StringComparer.Ordinal);
    }

    public async Task KeepAsync(TargetName name, IReadOnlyList<ReadPosition> read, CancellationToken cancellationToken)
    {
        const string sql = """
            insert into target_positions (tenant, target, metric, milliseconds)
            select t.tenant, t.id, read.metric, read.milliseconds
            from targets as t, unnest(@metrics, @milliseconds) as read (metric, milliseconds)
            where t.tenant = @Tenant and t.id = @Id
            on conflict (tenant, target, metric) do update set milliseconds = excluded.milliseconds
            """;
        var values = new
        {
            name.Tenant, name.Id, metrics = read.Select(item => item.Metric).ToArray(), milliseconds = read.Select(item => item.Milliseconds).ToArray(),
        };
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        await transaction.ExecuteAsync(sql, values, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
