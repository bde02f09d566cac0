using System.Text.Json;
using Mesh.Common.Postgres;
using Mesh.Registry.Blobs;
using Mesh.Registry.Repositories;
using Npgsql;

namespace Mesh.Registry.Manifests;

/// <summary>The manifests of a repository. A manifest, its references and its tags appear together or not at all.</summary>
public sealed class ManifestStore(MeshDatabase database, TimeProvider time)
{
    /// <summary>Stores a manifest and moves the tags to it. Storing the same again only moves the tags.</summary>
    public async Task PutAsync(RepositoryPath path, Manifest manifest, IReadOnlyCollection<string> tags, CancellationToken cancellationToken)
    {
        const string sql = """
            insert into repositories (tenant, name, create_time, push_time) values (@Tenant, @Name, @now, @now)
            on conflict (tenant, name) do update set push_time = excluded.push_time;
            insert into manifests (tenant, repository, digest, media_type, artifact_type, subject, annotations, content, push_time)
            values (@Tenant, @Name, @digest, @MediaType, @ArtifactType, @subject, @annotations::jsonb, @content, @now)
            on conflict (tenant, repository, digest) do update set media_type = excluded.media_type, push_time = excluded.push_time;
            insert into manifest_blobs (tenant, repository, manifest, blob)
            select @Tenant, @Name, @digest, unnest(@blobs) on conflict do nothing;
            insert into manifest_children (tenant, repository, manifest, child)
            select @Tenant, @Name, @digest, unnest(@children) on conflict do nothing;
            insert into tags (tenant, repository, name, digest, update_time)
            select @Tenant, @Name, unnest(@tags), @digest, @now
            on conflict (tenant, repository, name) do update set digest = excluded.digest, update_time = excluded.update_time;
            """;
        var blobs = manifest.Blobs.ToList();
        var args = new
        {
            path.Tenant, path.Name, now = time.GetUtcNow(), digest = manifest.Digest, manifest.MediaType, manifest.ArtifactType,
            subject = manifest.Subject?.ToString(), content = manifest.Content.ToArray(),
            annotations = manifest.Annotations is null ? null : JsonSerializer.Serialize(manifest.Annotations),
            blobs = blobs.Select(blob => blob.Digest.ToString()).ToArray(),
            children = manifest.Children.Select(child => child.Digest.ToString()).Distinct().ToArray(),
            tags = tags.Distinct().ToArray(),
        };
        await using var transaction = await database.BeginAsync(path.Tenant, cancellationToken);
        await CheckBlobsAsync(transaction, path, blobs, cancellationToken);
        await CheckChildrenAsync(transaction, path, manifest.Children, cancellationToken);
        try
        {
            await transaction.ExecuteAsync(sql, args, cancellationToken);
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.ForeignKeyViolation)
        {
            // Something that was there a moment ago has been deleted or collected meanwhile.
            throw RegistryErrors.ManifestBlobUnknown(["a part"]);
        }
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>A manifest by digest or tag; null when there is none.</summary>
    public async Task<StoredManifest?> FindAsync(RepositoryPath path, Reference reference, bool withContent, CancellationToken cancellationToken)
    {
        const string sql = """
            select m.digest, m.media_type, octet_length(m.content)::bigint as size, case when @withContent then m.content end as content,
                   array(select t.name from tags t
                          where t.tenant = m.tenant and t.repository = m.repository and t.digest = m.digest order by t.name) as tags,
                   m.push_time
              from manifests m
             where m.tenant = @Tenant and m.repository = @Name
               and m.digest = coalesce(@digest,
                   (select t.digest from tags t where t.tenant = @Tenant and t.repository = @Name and t.name = @Tag))
            """;
        await using var transaction = await database.BeginAsync(path.Tenant, cancellationToken);
        return await transaction.QueryOneAsync<StoredManifest>(
            sql, new { path.Tenant, path.Name, digest = reference.Digest?.ToString(), reference.Tag, withContent }, cancellationToken);
    }

    /// <summary>A page holds no more manifests than these bytes, and always one.</summary>
    public const long MostBytes = 16 << 20;

    /// <summary>A page of manifests, newest first, behind the one that was pushed at <paramref name="before"/>.</summary>
    public async Task<IReadOnlyList<StoredManifest>> ListAsync(
        RepositoryPath path, (DateTimeOffset Time, string Digest)? before, int limit, CancellationToken cancellationToken)
    {
        const string sql = """
            select digest, media_type, size, content, tags, push_time
              from (select m.digest, m.media_type, octet_length(m.content)::bigint as size, m.content,
                           array(select t.name from tags t
                                  where t.tenant = m.tenant and t.repository = m.repository and t.digest = m.digest order by t.name) as tags,
                           m.push_time,
                           sum(octet_length(m.content)) over (order by m.push_time desc, m.digest desc) - octet_length(m.content) as above
                      from manifests m
                     where m.tenant = @Tenant and m.repository = @Name and (m.push_time, m.digest) < (@time, @digest)
                     order by m.push_time desc, m.digest desc
                     limit @limit) as page
             where above < @MostBytes
             order by push_time desc, digest desc
            """;
        await using var transaction = await database.BeginAsync(path.Tenant, cancellationToken);
        var time = before?.Time ?? DateTimeOffset.MaxValue;
        return await transaction.QueryAsync<StoredManifest>(
            sql, new { path.Tenant, path.Name, time, digest = before?.Digest ?? "", limit, MostBytes }, cancellationToken);
    }

    /// <summary>Deletes a manifest with its tags; false when there is none. Throws when an index still needs it.</summary>
    public async Task<bool> DeleteAsync(RepositoryPath path, Digest digest, CancellationToken cancellationToken)
    {
        const string sql = "delete from manifests where tenant = @Tenant and repository = @Name and digest = @digest";
        await using var transaction = await database.BeginAsync(path.Tenant, cancellationToken);
        try
        {
            var deleted = await transaction.ExecuteAsync(sql, new { path.Tenant, path.Name, digest }, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return deleted > 0;
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.ForeignKeyViolation)
        {
            throw RegistryErrors.ManifestInUse(digest);
        }
    }

    private static async Task CheckBlobsAsync(
        MeshTransaction transaction, RepositoryPath path, List<Descriptor> blobs, CancellationToken cancellationToken)
    {
        const string sql = """
            select part.digest, part.size, b.size as stored
              from unnest(@digests, @sizes) as part (digest, size)
              left join blob_links l on l.tenant = @Tenant and l.repository = @Name and l.digest = part.digest
              left join blobs b on b.digest = l.digest
             where b.size is distinct from part.size
            """;
        await CheckAsync(transaction, sql, path, blobs, cancellationToken);
    }

    private static async Task CheckChildrenAsync(
        MeshTransaction transaction, RepositoryPath path, IReadOnlyList<Descriptor> children, CancellationToken cancellationToken)
    {
        const string sql = """
            select part.digest, part.size, octet_length(m.content)::bigint as stored
              from unnest(@digests, @sizes) as part (digest, size)
              left join manifests m on m.tenant = @Tenant and m.repository = @Name and m.digest = part.digest
             where octet_length(m.content)::bigint is distinct from part.size
            """;
        await CheckAsync(transaction, sql, path, children, cancellationToken);
    }

    private static async Task CheckAsync(
        MeshTransaction transaction, string sql, RepositoryPath path, IReadOnlyList<Descriptor> parts, CancellationToken cancellationToken)
    {
        if (parts.Count == 0) return;
        var args = new
        {
            path.Tenant, path.Name,
            digests = parts.Select(part => part.Digest.ToString()).ToArray(), sizes = parts.Select(part => part.Size).ToArray(),
        };
        var wrong = (await transaction.QueryAsync<Wrong>(sql, args, cancellationToken)).ToList();
        var missing = wrong.Where(part => part.Stored is null).Select(part => part.Digest).ToList();
        if (missing.Count > 0) throw RegistryErrors.ManifestBlobUnknown(missing);
        if (wrong.Count > 0)
            throw RegistryErrors.ManifestInvalid($"{wrong[0].Digest} has {wrong[0].Stored} bytes, not {wrong[0].Size}.");
    }

    private sealed record Wrong(string Digest, long Size, long? Stored);
}
