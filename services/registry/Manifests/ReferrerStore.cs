using System.Text.Json;
using Mesh.Common.Postgres;
using Mesh.Registry.Blobs;
using Mesh.Registry.Repositories;

namespace Mesh.Registry.Manifests;

/// <summary>The manifests that name another one as their subject: SBOMs, signatures, provenance.</summary>
public sealed class ReferrerStore(MeshDatabase database)
{
    /// <summary>A page of descriptors by digest; empty when nothing refers to the subject, whether or not it exists.</summary>
    public async Task<IReadOnlyList<Descriptor>> ListAsync(
        RepositoryPath path, Digest subject, string? artifactType, string after, int limit, CancellationToken cancellationToken)
    {
        const string sql = """
            select media_type, digest, octet_length(content)::bigint as size, artifact_type, annotations::text
              from manifests
             where tenant = @Tenant and repository = @Name and subject = @subject
               and (@artifactType is null or artifact_type = @artifactType)
               and digest > @after
             order by digest
             limit @limit
            """;
        await using var transaction = await database.BeginAsync(path.Tenant, cancellationToken);
        var rows = await transaction.QueryAsync<Row>(
            sql, new { path.Tenant, path.Name, subject, artifactType, after, limit }, cancellationToken);
        return [.. rows.Select(row => row.Descriptor())];
    }

    private sealed record Row(string MediaType, Digest Digest, long Size, string? ArtifactType, string? Annotations)
    {
        public Descriptor Descriptor() => new(
            MediaType, Digest, Size, ArtifactType,
            Annotations is null ? null : JsonSerializer.Deserialize<Dictionary<string, string>>(Annotations));
    }
}
