using Mesh.Common.Postgres;

namespace Mesh.Registry.Repositories;

/// <summary>The repositories of a tenant. One is made by the first blob or manifest and shown from its first manifest on.</summary>
public sealed class RepositoryStore(MeshDatabase database)
{
    /// <summary>A page by name, starting behind <paramref name="after"/>.</summary>
    public async Task<IReadOnlyList<Repository>> ListAsync(string tenant, string after, int limit, CancellationToken cancellationToken)
    {
        const string sql = """
            select r.name, r.create_time, r.push_time,
                   (select count(*) from manifests m where m.tenant = r.tenant and m.repository = r.name) as manifests,
                   (select coalesce(sum(b.size), 0)::bigint from blob_links l join blobs b on b.digest = l.digest
                     where l.tenant = r.tenant and l.repository = r.name) as bytes
              from repositories r
             where r.tenant = @tenant and r.name > @after and r.push_time is not null
             order by r.name
             limit @limit
            """;
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        var rows = await transaction.QueryAsync<Row>(sql, new { tenant, after, limit }, cancellationToken);
        return [.. rows.Select(row => new Repository(
            RepositoryPath.Of(tenant, row.Name), row.Manifests, row.Bytes, row.CreateTime, row.PushTime))];
    }

    /// <summary>A page of the names over several tenants (null: all of them), in the order of <c>tenant/name</c>.</summary>
    public async Task<IReadOnlyList<string>> ListNamesAsync(
        IReadOnlyCollection<string>? tenants, string after, int limit, CancellationToken cancellationToken)
    {
        const string sql = """
            select tenant || '/' || name as path
              from repositories
             where push_time is not null
               and (@tenants::text[] is null or tenant = any(@tenants))
               and (tenant || '/' || name) collate "C" > @after
             order by (tenant || '/' || name) collate "C"
             limit @limit
            """;
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        return [.. await transaction.QueryAsync<string>(sql, new { tenants = tenants?.ToArray(), after, limit }, cancellationToken)];
    }

    /// <summary>Deletes a repository with its manifests and tags; false when there is none. Its blobs go at the next collection.</summary>
    public async Task<bool> DeleteAsync(RepositoryPath path, CancellationToken cancellationToken)
    {
        const string sql = """
            delete from uploads where tenant = @Tenant and repository = @Name;
            delete from manifest_children where tenant = @Tenant and repository = @Name;
            delete from manifests where tenant = @Tenant and repository = @Name;
            delete from blob_links where tenant = @Tenant and repository = @Name;
            """;
        const string last = "delete from repositories where tenant = @Tenant and name = @Name";
        await using var transaction = await database.BeginAsync(path.Tenant, cancellationToken);

        // The lock keeps pushes out: their links and manifests refer to this row.
        const string hold = "select 1 from repositories where tenant = @Tenant and name = @Name for update";
        await transaction.ExecuteAsync(hold, path, cancellationToken);
        await transaction.ExecuteAsync(sql, path, cancellationToken);
        var deleted = await transaction.ExecuteAsync(last, path, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return deleted > 0;
    }

    private sealed record Row(string Name, DateTimeOffset CreateTime, DateTimeOffset PushTime, long Manifests, long Bytes);
}
