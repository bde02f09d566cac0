using Mesh.Common.Paging;
using Mesh.Common.Postgres;

namespace Mesh.Ingestion.Retention;

/// <summary>The table of what tenants state about retention.</summary>
public sealed class RetentionStore(MeshDatabase database, TimeProvider time)
{
    private const string Columns = "tenant, signal, days, revision, update_time";

    /// <summary>What a tenant states, or every tenant for <see cref="MeshDatabase.Platform"/>.</summary>
    public async Task<IReadOnlyList<RetentionPolicy>> ListAsync(string tenant, CancellationToken cancellationToken)
    {
        const string sql = $"select {Columns} from retention_policies where @tenant in (tenant, '*') order by tenant, signal";
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        return await transaction.QueryAsync<RetentionPolicy>(sql, new { tenant }, cancellationToken);
    }

    public async Task<RetentionPolicy> GetAsync(RetentionPolicyName name, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        return await FindAsync(transaction, name, "", cancellationToken);
    }

    public async Task<RetentionPolicy> UpdateAsync(RetentionPolicyName name, string etag, int? days, CancellationToken cancellationToken)
    {
        // The row is there from now on, so that it can be locked.
        const string make = """
            insert into retention_policies (tenant, signal, days, revision, update_time) values (@Tenant, @Id, 0, 0, @now) on conflict do nothing
            """;
        const string set = $"""
            update retention_policies set days = @days, revision = revision + 1, update_time = @now where tenant = @Tenant and signal = @Id
            returning {Columns}
            """;
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        var values = new { name.Tenant, name.Signal.Id, days, now = time.GetUtcNow() };
        await transaction.ExecuteAsync(make, values, cancellationToken);
        var before = await FindAsync(transaction, name, " for update", cancellationToken);
        ETag.Check(etag, before.Revision);
        if (days is null)
            return before;
        var after = await transaction.QueryOneAsync<RetentionPolicy>(set, values, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return after!;
    }

    private static async Task<RetentionPolicy> FindAsync(
        MeshTransaction transaction, RetentionPolicyName name, string lockClause, CancellationToken cancellationToken)
    {
        var sql = $"select {Columns} from retention_policies where tenant = @Tenant and signal = @Id{lockClause}";
        return await transaction.QueryOneAsync<RetentionPolicy>(sql, new { name.Tenant, name.Signal.Id }, cancellationToken)
            ?? new RetentionPolicy { Tenant = name.Tenant, Signal = name.Signal.Id };
    }
}
