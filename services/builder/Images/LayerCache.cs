using Mesh.Common.Names;
using Mesh.Common.Postgres;

namespace Mesh.Builder.Images;

/// <summary>Remembers which layer came of which inputs, for each app of its own.</summary>
public sealed class LayerCache(MeshDatabase database, TimeProvider time)
{
    public async Task<Layer?> FindAsync(AppName app, string key, CancellationToken cancellationToken)
    {
        const string sql = """
            update layers set use_time = @Now where tenant = @Tenant and app = @App and key = @Key
            returning digest, diff_id, size_bytes
            """;
        await using var transaction = await database.BeginAsync(app.Tenant, cancellationToken);
        var parameters = new { app.Tenant, app.App, Key = key, Now = time.GetUtcNow() };
        var found = await transaction.QueryAsync<(string Digest, string DiffId, long Size)>(sql, parameters, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return found.Count == 0 ? null : new Layer(new Descriptor(MediaTypes.LayerGzip, found[0].Digest, found[0].Size), found[0].DiffId);
    }

    public async Task RememberAsync(AppName app, string key, Layer layer, CancellationToken cancellationToken)
    {
        const string sql = """
            insert into layers (tenant, app, key, digest, diff_id, size_bytes, use_time)
            values (@Tenant, @App, @Key, @Digest, @DiffId, @Size, @Now)
            on conflict (tenant, app, key) do update
            set digest = excluded.digest, diff_id = excluded.diff_id, size_bytes = excluded.size_bytes, use_time = excluded.use_time
            """;
        const string forget = "delete from layers where tenant = @Tenant and app = @App and use_time < @Old";
        var now = time.GetUtcNow();
        var parameters = new { app.Tenant, app.App, Key = key, layer.Blob.Digest, layer.DiffId, layer.Blob.Size, Now = now, Old = now - TimeSpan.FromDays(30) };
        await using var transaction = await database.BeginAsync(app.Tenant, cancellationToken);
        await transaction.ExecuteAsync(sql, parameters, cancellationToken);
        await transaction.ExecuteAsync(forget, parameters, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
