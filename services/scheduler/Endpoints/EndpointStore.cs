using Mesh.Common.Names;
using Mesh.Common.Postgres;

namespace Mesh.Scheduler.Endpoints;

/// <summary>The table of healthy addresses in PostgreSQL.</summary>
public sealed class EndpointStore(MeshDatabase database)
{
    /// <summary>
    /// Brings the table up to date with these allocations; whether it changed. The generation's row is locked until the transaction
    /// ends, so generations are committed in their order: who reads one has all that came before.
    /// </summary>
    public async Task<bool> PublishAsync(MeshTransaction transaction, Guid[] allocations, CancellationToken cancellationToken)
    {
        const string find = """
            select uid from allocations where uid = any(@allocations) and published_address <> serving_address order by uid
            """;
        const string publish = """
            with next as (update endpoint_generation set generation = generation + 1 returning generation)
            update allocations a set published_address = a.serving_address, published_generation = next.generation
            from next where a.uid = any(@moved)
            """;
        if (allocations.Length == 0)
            return false;
        var moved = await transaction.QueryAsync<Guid>(find, new { allocations }, cancellationToken);
        if (moved.Count == 0)
            return false;
        await transaction.ExecuteAsync(publish, new { moved = moved.ToArray() }, cancellationToken);
        return true;
    }

    /// <summary>The whole table and its generation, as of one moment.</summary>
    public async Task<(long Generation, IReadOnlyDictionary<string, IReadOnlyList<string>> Addresses)> ReadAsync(
        CancellationToken cancellationToken)
    {
        // One statement sees one moment.
        const string sql = """
            select g.generation, a.tenant, a.workload_id, a.published_address
            from endpoint_generation g left join allocations a on a.published_address <> ''
            order by a.tenant, a.workload_id, a.published_address
            """;
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        var rows = await transaction.QueryAsync<Row>(sql, null, cancellationToken);
        var table = rows.Where(row => row.Tenant is not null)
            .GroupBy(row => new WorkloadName(row.Tenant!, row.WorkloadId!).ToString())
            .ToDictionary(group => group.Key, IReadOnlyList<string> (group) => [.. group.Select(row => row.PublishedAddress!).Distinct()]);
        return (rows[0].Generation, table);
    }

    private sealed record Row
    {
        public long Generation { get; init; }

        public string? Tenant { get; init; }

        public string? WorkloadId { get; init; }

        public string? PublishedAddress { get; init; }
    }
}
