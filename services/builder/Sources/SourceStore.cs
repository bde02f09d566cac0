using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Common.Postgres;

namespace Mesh.Builder.Sources;

/// <summary>Which sources there are.</summary>
public sealed class SourceStore(MeshDatabase database, TimeProvider time)
{
    /// <summary>Records a source whose bytes are already durable.</summary>
    public async Task<Source> AddAsync(AppName app, SourceFile file, GitOrigin origin, string creator, CancellationToken cancellationToken)
    {
        const string sql = """
            insert into sources (tenant, app, uid, digest, size_bytes, commit_id, branch, creator, create_time)
            values (@Tenant, @App, @Uid, @Digest, @SizeBytes, @CommitId, @Branch, @Creator, @CreateTime)
            """;
        var source = new Source
        {
            Tenant = app.Tenant,
            App = app.App,
            Uid = Guid.CreateVersion7(time.GetUtcNow()),
            Digest = file.Digest,
            SizeBytes = file.Size,
            CommitId = origin.Commit,
            Branch = origin.Branch,
            Creator = creator,
            CreateTime = time.GetUtcNow(),
        };
        await using var transaction = await database.BeginAsync(app.Tenant, cancellationToken);
        await transaction.ExecuteAsync(sql, source, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return source;
    }

    public async Task<Source> GetAsync(SourceName name, CancellationToken cancellationToken)
    {
        const string sql = """
            select tenant, app, uid, digest, size_bytes, commit_id, branch, creator, create_time
            from sources where tenant = @Tenant and app = @App and uid = @Uid
            """;
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        return await transaction.QueryOneAsync<Source>(sql, new { name.Tenant, name.App, Uid = Guid.Parse(name.Uid) }, cancellationToken)
            ?? throw MeshException.NotFound("SOURCE_NOT_FOUND", $"There is no source `{name}`.");
    }
}

/// <summary>Where a source came from with git; empty for an upload.</summary>
public sealed record GitOrigin(string Commit, string Branch)
{
    public static GitOrigin None { get; } = new("", "");
}
