using Mesh.Common.Postgres;
using Mesh.Registry.Repositories;

namespace Mesh.Registry.Manifests;

/// <summary>The tags of a repository. They move by <see cref="ManifestStore.PutAsync"/> alone.</summary>
public sealed class TagStore(MeshDatabase database)
{
    /// <summary>A page in ASCII order behind <paramref name="after"/>; null when there is no such repository.</summary>
    public async Task<IReadOnlyList<Tag>?> ListAsync(RepositoryPath path, string after, int limit, CancellationToken cancellationToken)
    {
        const string known = "select exists (select 1 from repositories where tenant = @Tenant and name = @Name and push_time is not null)";
        const string sql = """
            select name, digest, update_time from tags
             where tenant = @Tenant and repository = @Name and name > @after
             order by name
             limit @limit
            """;
        var args = new { path.Tenant, path.Name, after, limit };
        await using var transaction = await database.BeginAsync(path.Tenant, cancellationToken);
        if (!await transaction.QueryOneAsync<bool>(known, args, cancellationToken)) return null;
        return await transaction.QueryAsync<Tag>(sql, args, cancellationToken);
    }

    /// <summary>Deletes a tag and leaves its manifest; false when there is none.</summary>
    public async Task<bool> DeleteAsync(RepositoryPath path, string tag, CancellationToken cancellationToken)
    {
        const string sql = "delete from tags where tenant = @Tenant and repository = @Name and name = @tag";
        await using var transaction = await database.BeginAsync(path.Tenant, cancellationToken);
        var deleted = await transaction.ExecuteAsync(sql, new { path.Tenant, path.Name, tag }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return deleted > 0;
    }
}
