using Mesh.Common.Names;
using Mesh.Common.Postgres;
using Mesh.Registry.Repositories;

namespace Mesh.Registry.Blobs;

/// <summary>
/// Which repository has which blob. Publishing takes a shared lock on the digest and collection an exclusive one, so the
/// bytes of a blob that is being linked are never removed.
/// </summary>
public sealed class BlobStore(MeshDatabase database, RegistryOptions options, TimeProvider time)
{
    internal const string LockShared = "select pg_advisory_xact_lock_shared(hashtextextended(@digest, 0))";

    private const string Link = """
        insert into repositories (tenant, name, create_time) values (@Tenant, @Name, @now) on conflict do nothing;
        insert into blob_links (tenant, repository, digest, use_time) values (@Tenant, @Name, @digest, @now)
        on conflict (tenant, repository, digest) do update set use_time = excluded.use_time;
        """;

    /// <summary>The size of a blob of the repository; null when it has none of this digest.</summary>
    public async Task<long?> FindAsync(RepositoryPath path, Digest digest, CancellationToken cancellationToken)
    {
        const string sql = """
            select b.size from blob_links l join blobs b on b.digest = l.digest
             where l.tenant = @Tenant and l.repository = @Name and l.digest = @digest
            """;
        await using var transaction = await database.BeginAsync(path.Tenant, cancellationToken);
        return await transaction.QueryOneAsync<long?>(sql, new { path.Tenant, path.Name, digest }, cancellationToken);
    }

    /// <summary>
    /// Like <see cref="FindAsync"/>, for a caller who may be about to push a manifest with it: the grace window of an unused
    /// link starts again.
    /// </summary>
    public async Task<long?> FindForPushAsync(RepositoryPath path, Digest digest, CancellationToken cancellationToken)
    {
        const string find = """
            select b.size, l.use_time < @stale as stale from blob_links l join blobs b on b.digest = l.digest
             where l.tenant = @Tenant and l.repository = @Name and l.digest = @digest
            """;
        const string renew = """
            update blob_links set use_time = @now where tenant = @Tenant and repository = @Name and digest = @digest
            """;
        var now = time.GetUtcNow();
        var args = new { path.Tenant, path.Name, digest, now, stale = now - (options.CollectionGrace / 8) };
        await using var transaction = await database.BeginAsync(path.Tenant, cancellationToken);
        var found = await transaction.QueryOneAsync<Found>(find, args, cancellationToken);
        if (found is null || !found.Stale) return found?.Size;
        var renewed = await transaction.ExecuteAsync(renew, args, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return renewed == 0 ? null : found.Size;
    }

    /// <summary>
    /// Publishes a verified blob and gives it to the repository, in this order: lock, bytes visible, link committed. A crash
    /// in between leaves bytes that nobody sees; collection removes them.
    /// </summary>
    public async Task PublishAsync(
        RepositoryPath path, Digest digest, long size, Guid upload, Func<CancellationToken, ValueTask> publish, CancellationToken cancellationToken)
    {
        const string sql = """
            insert into blobs (digest, size, create_time) values (@digest, @size, @now) on conflict do nothing;
            """ + Link + "delete from uploads where id = @upload";
        var args = new { path.Tenant, path.Name, digest, size, upload, now = time.GetUtcNow() };
        await using var transaction = await database.BeginAsync(path.Tenant, cancellationToken);
        await transaction.ExecuteAsync(LockShared, args, cancellationToken);
        await publish(cancellationToken);
        await transaction.ExecuteAsync(sql, args, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>
    /// Gives the repository a blob that another one has; null when <paramref name="source"/> lacks it. Without a source any
    /// repository of the same tenant, or a stack of the platform, will do. The caller was found to be allowed to read the source.
    /// </summary>
    public async Task<long?> MountAsync(RepositoryPath path, Digest digest, RepositoryPath? source, CancellationToken cancellationToken)
    {
        const string find = """
            select b.size from blob_links l join blobs b on b.digest = l.digest
             where l.digest = @digest
               and case when @from is null then l.tenant in (@Tenant, @platform) else l.tenant = @fromTenant and l.repository = @from end
             limit 1
            """;
        var args = new
        {
            path.Tenant, path.Name, digest, now = time.GetUtcNow(),
            fromTenant = source?.Tenant, from = source?.Name, platform = TenantName.Platform,
        };

        // Two tenants are touched, so row-level security cannot hold this one to either.
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        await transaction.ExecuteAsync(LockShared, args, cancellationToken);
        var size = await transaction.QueryOneAsync<long?>(find, args, cancellationToken);
        if (size is null) return null;
        await transaction.ExecuteAsync(Link, args, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return size;
    }

    /// <summary>Takes a blob from the repository; false when it has none. Throws when a manifest still needs it.</summary>
    public async Task<bool> UnlinkAsync(RepositoryPath path, Digest digest, CancellationToken cancellationToken)
    {
        const string sql = "delete from blob_links where tenant = @Tenant and repository = @Name and digest = @digest";
        await using var transaction = await database.BeginAsync(path.Tenant, cancellationToken);
        try
        {
            var deleted = await transaction.ExecuteAsync(sql, new { path.Tenant, path.Name, digest }, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return deleted > 0;
        }
        catch (Npgsql.PostgresException refused) when (refused.SqlState == Npgsql.PostgresErrorCodes.ForeignKeyViolation)
        {
            throw RegistryErrors.BlobInUse(digest);
        }
    }

    private sealed record Found(long Size, bool Stale);
}
