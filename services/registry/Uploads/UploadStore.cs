using Mesh.Common.Postgres;
using Mesh.Registry.Repositories;

namespace Mesh.Registry.Uploads;

/// <summary>Which upload belongs to which repository. How far it came is known by the storage alone.</summary>
public sealed class UploadStore(MeshDatabase database, TimeProvider time)
{
    /// <summary>Records an upload. False when its id is in use by another repository; repeating it for the same one is no error.</summary>
    public async Task<bool> AddAsync(RepositoryPath path, Guid id, CancellationToken cancellationToken)
    {
        // An upload that is forgotten in a crash is begun again, so its commit need not wait for the disk.
        const string sql = """
            set local synchronous_commit = off;
            insert into uploads (id, tenant, repository, create_time) values (@id, @Tenant, @Name, @now)
            on conflict (id) do nothing;
            select exists (select 1 from uploads where id = @id and tenant = @Tenant and repository = @Name)
            """;
        await using var transaction = await database.BeginAsync(path.Tenant, cancellationToken);
        var mine = await transaction.QueryOneAsync<bool>(sql, new { id, path.Tenant, path.Name, now = time.GetUtcNow() }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return mine;
    }

    /// <summary>Whether the repository has this upload.</summary>
    public async Task<bool> ExistsAsync(RepositoryPath path, Guid id, CancellationToken cancellationToken)
    {
        const string sql = "select exists (select 1 from uploads where id = @id and tenant = @Tenant and repository = @Name)";
        await using var transaction = await database.BeginAsync(path.Tenant, cancellationToken);
        return await transaction.QueryOneAsync<bool>(sql, new { id, path.Tenant, path.Name }, cancellationToken);
    }

    /// <summary>Forgets an upload, of whatever repository.</summary>
    public async Task RemoveAsync(Guid id, CancellationToken cancellationToken)
    {
        const string sql = "delete from uploads where id = @id";
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        await transaction.ExecuteAsync(sql, new { id }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>All uploads with the time when they were begun.</summary>
    public async Task<IReadOnlyDictionary<Guid, DateTimeOffset>> AllAsync(CancellationToken cancellationToken)
    {
        const string sql = "select id, create_time from uploads";
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        var rows = await transaction.QueryAsync<Row>(sql, null, cancellationToken);
        return rows.ToDictionary(row => row.Id, row => row.CreateTime);
    }

    private sealed record Row(Guid Id, DateTimeOffset CreateTime);
}
