using Mesh.Common.Postgres;
using Mesh.Registry.Blobs;

namespace Mesh.Registry.Collection;

/// <summary>
/// Removes what nothing uses: links that no manifest needs, blobs without links, bytes without a blob, forgotten uploads.
/// It is safe while pushes run. A link goes only when it is older than the grace window, locked, and then still unused;
/// bytes go only under the exclusive lock of their digest, which publishing and mounting take shared.
/// </summary>
public sealed class Collector(
    MeshDatabase database,
    IBlobStorage storage,
    LinkCollector links,
    UploadCollector uploads,
    RegistryMetrics metrics,
    ILogger<Collector> logger)
{
    private const int Batch = 500;

    /// <summary>Collects once; null when another process is at it.</summary>
    public async Task<Collected?> RunAsync(CancellationToken cancellationToken)
    {
        const string alone = "select pg_try_advisory_xact_lock(hashtextextended('registry.collection', 0))";
        await using var guard = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        if (!await guard.QueryOneAsync<bool>(alone, null, cancellationToken)) return null;

        var abandoned = await uploads.RunAsync(cancellationToken);
        await links.RunAsync(cancellationToken);
        var unlinked = await RemoveUnlinkedAsync(cancellationToken);
        var orphans = await OwnsStorageAsync(cancellationToken) ? await RemoveOrphansAsync(cancellationToken) : default;
        var collected = new Collected(unlinked.Blobs + orphans.Blobs, unlinked.Bytes + orphans.Bytes, abandoned);
        metrics.Collected(collected.Blobs, collected.Bytes, collected.Uploads);
        return collected;
    }

    /// <summary>Blobs that no repository has.</summary>
    private async Task<(long Blobs, long Bytes)> RemoveUnlinkedAsync(CancellationToken cancellationToken)
    {
        const string sql = """
            select digest, size from blobs b
             where digest > @after and not exists (select 1 from blob_links l where l.digest = b.digest)
             order by digest
             limit @Batch
            """;
        var (blobs, bytes, after) = (0L, 0L, "");
        while (true)
        {
            IReadOnlyList<Candidate> page;
            await using (var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken))
                page = await transaction.QueryAsync<Candidate>(sql, new { after, Batch }, cancellationToken);
            foreach (var candidate in page)
            {
                if (!await RemoveAsync(candidate.Digest, cancellationToken)) continue;
                blobs++;
                bytes += candidate.Size;
            }
            if (page.Count < Batch) return (blobs, bytes);
            after = page[^1].Digest.ToString();
        }
    }

    /// <summary>
    /// Whether the bytes in the storage are this database's. A database takes a storage as its own as long as that is empty.
    /// </summary>
    private async Task<bool> OwnsStorageAsync(CancellationToken cancellationToken)
    {
        const string find = "select id from storage";
        const string take = "insert into storage (id) values (@Id)";
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        var known = await transaction.QueryOneAsync<Guid?>(find, null, cancellationToken);
        if (known == storage.Id) return true;
        if (known is null && !await storage.ListAsync(cancellationToken).AnyAsync(cancellationToken))
        {
            await transaction.ExecuteAsync(take, new { storage.Id }, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return true;
        }
        logger.LogWarning("The blob storage {Storage} is not the one of this database ({Known}): bytes without a record are left there", storage.Id, known);
        return false;
    }

    /// <summary>Bytes that no blob stands for: their process was killed between making them visible and recording them.</summary>
    private async Task<(long Blobs, long Bytes)> RemoveOrphansAsync(CancellationToken cancellationToken)
    {
        const string sql = "select digest from unnest(@digests) as here (digest) where not exists (select 1 from blobs b where b.digest = here.digest)";
        var (blobs, bytes) = (0L, 0L);
        await foreach (var page in storage.ListAsync(cancellationToken).Chunk(Batch).WithCancellation(cancellationToken))
        {
            HashSet<Digest> orphans;
            await using (var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken))
            {
                var digests = page.Select(blob => blob.Digest.ToString()).ToArray();
                orphans = [.. await transaction.QueryAsync<Digest>(sql, new { digests }, cancellationToken)];
            }
            foreach (var orphan in page.Where(blob => orphans.Contains(blob.Digest)))
            {
                if (!await RemoveAsync(orphan.Digest, cancellationToken)) continue;
                blobs++;
                bytes += orphan.Size;
            }
        }
        return (blobs, bytes);
    }

    /// <summary>
    /// Removes a blob when it is still unused under its exclusive lock. The bytes go first: a crash then leaves a row without
    /// links, which no one is answered from and which the next push of the digest fills again.
    /// </summary>
    private async Task<bool> RemoveAsync(Digest digest, CancellationToken cancellationToken)
    {
        const string take = "select pg_try_advisory_xact_lock(hashtextextended(@digest, 0))";
        const string used = "select exists (select 1 from blob_links where digest = @digest)";
        const string forget = "delete from blobs where digest = @digest";
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        if (!await transaction.QueryOneAsync<bool>(take, new { digest }, cancellationToken)) return false;
        if (await transaction.QueryOneAsync<bool>(used, new { digest }, cancellationToken)) return false;
        await storage.DeleteAsync(digest, cancellationToken);
        await transaction.ExecuteAsync(forget, new { digest }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private sealed record Candidate(Digest Digest, long Size);
}
