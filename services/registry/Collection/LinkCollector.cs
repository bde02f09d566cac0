using Mesh.Common.Postgres;
using Npgsql;

namespace Mesh.Registry.Collection;

/// <summary>Takes from repositories the blobs that none of their manifests refers to, once the grace window is over.</summary>
public sealed class LinkCollector(MeshDatabase database, RegistryOptions options, TimeProvider time)
{
    private const int Batch = 500;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow() - options.CollectionGrace;
        while (await RemoveLinksAsync(before, cancellationToken) == Batch)
        {
        }
        await RemoveRepositoriesAsync(before, cancellationToken);
    }

    private async Task<int> RemoveLinksAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        // A manifest that is being stored holds its links with a key lock: those are skipped here. Once the links are locked no
        // manifest can take them, and the second statement sees every one that did before.
        const string choose = """
            select tenant, repository, digest from blob_links l
             where use_time <= @before
               and not exists (select 1 from manifest_blobs b where b.tenant = l.tenant and b.repository = l.repository and b.blob = l.digest)
             limit @Batch
               for update skip locked
            """;
        const string remove = """
            delete from blob_links l
             using unnest(@tenants, @repositories, @digests) as chosen (tenant, repository, digest)
             where l.tenant = chosen.tenant and l.repository = chosen.repository and l.digest = chosen.digest
               and not exists (select 1 from manifest_blobs b where b.tenant = l.tenant and b.repository = l.repository and b.blob = l.digest)
            """;
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        var chosen = await transaction.QueryAsync<Link>(choose, new { before, Batch }, cancellationToken);
        if (chosen.Count == 0) return 0;
        var keys = new
        {
            tenants = chosen.Select(link => link.Tenant).ToArray(),
            repositories = chosen.Select(link => link.Repository).ToArray(),
            digests = chosen.Select(link => link.Digest).ToArray(),
        };
        await transaction.ExecuteAsync(remove, keys, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return chosen.Count;
    }

    /// <summary>Repositories that only ever saw blobs and have none left.</summary>
    private async Task RemoveRepositoriesAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        const string sql = """
            delete from repositories r
             where push_time is null and create_time <= @before
               and not exists (select 1 from blob_links l where l.tenant = r.tenant and l.repository = r.name)
               and not exists (select 1 from manifests m where m.tenant = r.tenant and m.repository = r.name)
            """;
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        try
        {
            await transaction.ExecuteAsync(sql, new { before }, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.ForeignKeyViolation)
        {
            // One of them came to life at this moment: the next run looks at the others.
        }
    }

    private sealed record Link(string Tenant, string Repository, string Digest);
}
