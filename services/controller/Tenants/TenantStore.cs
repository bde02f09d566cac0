using Mesh.Auth.V1;
using Mesh.Common.Errors;
using Mesh.Common.Paging;
using Mesh.Common.Postgres;
using Mesh.Controller.Audit;
using Mesh.Controller.Requests;

namespace Mesh.Controller.Tenants;

/// <summary>The table of tenants.</summary>
public sealed class TenantStore(MeshDatabase database, AuditLog audit, TimeProvider time)
{
    private const string Columns = "tenant as id, uid, display_name, labels, revision, create_time, update_time";

    /// <summary>Creates a tenant; when a member calls, he becomes its owner.</summary>
    public async Task<Tenant> CreateAsync(Tenant given, string requestId, Actor actor, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var tenant = given with { Uid = Guid.CreateVersion7(now), CreateTime = now, UpdateTime = now };
        await using var transaction = await database.BeginAsync(tenant.Id, cancellationToken);
        if (await RequestLog.ClaimAsync(transaction, nameof(CreateAsync), requestId, tenant.ToString(), now, cancellationToken) is not null)
            return await FindAsync(transaction, tenant.Id, cancellationToken) ?? throw NotFound(tenant.Id);
        const string insert = """
            insert into tenants (tenant, uid, display_name, labels, create_time, update_time)
            values (@Id, @Uid, @DisplayName, @Labels, @CreateTime, @UpdateTime)
            on conflict do nothing
            """;
        if (await transaction.ExecuteAsync(insert, tenant, cancellationToken) == 0)
            throw MeshException.AlreadyExists("TENANT_EXISTS", $"The tenant `{tenant.Id}` exists already.");
        const string owner = """
            insert into members (tenant, member, role, display_name, service_account, create_time)
            values (@Id, 'owner', @role, 'Owner', false, @CreateTime)
            """;
        var role = (short)Role.Owner;
        await transaction.ExecuteAsync(owner, new { tenant.Id, role, tenant.CreateTime }, cancellationToken);
        await audit.AppendAsync(transaction, tenant.Id, actor, tenant.ToString(), null, tenant, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return tenant;
    }

    public async Task<Tenant> GetAsync(string id, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(id, cancellationToken);
        return await FindAsync(transaction, id, cancellationToken) ?? throw NotFound(id);
    }

    /// <summary>Tenants after an id, by id; only those named, when names are given.</summary>
    public async Task<IReadOnlyList<Tenant>> ListAsync(string[]? only, string after, int limit, CancellationToken cancellationToken)
    {
        const string sql = $"""
            select {Columns} from tenants
            where tenant > @after and (@only::text[] is null or tenant = any(@only))
            order by tenant limit @limit
            """;
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        return await transaction.QueryAsync<Tenant>(sql, new { only, after, limit }, cancellationToken);
    }

    /// <summary>Changes a tenant by a function of what it is.</summary>
    public async Task<Tenant> UpdateAsync(
        string id, string etag, Func<Tenant, Tenant> change, bool validateOnly, Actor actor, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(id, cancellationToken);
        var before = await FindAsync(transaction, id, cancellationToken, " for update") ?? throw NotFound(id);
        ETag.Check(etag, before.Revision);
        var after = change(before) with { Revision = before.Revision + 1, UpdateTime = time.GetUtcNow() };
        if (validateOnly) return after;
        const string update = """
            update tenants set display_name = @DisplayName, labels = @Labels, revision = @Revision, update_time = @UpdateTime
            where tenant = @Id
            """;
        await transaction.ExecuteAsync(update, after, cancellationToken);
        await audit.AppendAsync(transaction, id, actor, after.ToString(), before, after, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return after;
    }

    /// <summary>Deletes a tenant that has no apps. Its audit log stays.</summary>
    public async Task DeleteAsync(string id, string etag, Actor actor, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(id, cancellationToken);
        var before = await FindAsync(transaction, id, cancellationToken, " for update") ?? throw NotFound(id);
        ETag.Check(etag, before.Revision);
        const string delete = """
            delete from tenants t where tenant = @id and not exists (select from apps a where a.tenant = t.tenant)
            """;
        if (await transaction.ExecuteAsync(delete, new { id }, cancellationToken) == 0)
            throw MeshException.FailedPrecondition("TENANT_NOT_EMPTY", $"The tenant `{id}` still has apps. Destroy them first.");
        await audit.AppendAsync(transaction, id, actor, before.ToString(), before, null, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    internal static MeshException NotFound(string id) => MeshException.NotFound("TENANT_NOT_FOUND", $"There is no tenant `{id}`.");

    private static Task<Tenant?> FindAsync(MeshTransaction transaction, string id, CancellationToken cancellationToken, string lockClause = "") =>
        transaction.QueryOneAsync<Tenant>($"select {Columns} from tenants where tenant = @id{lockClause}", new { id }, cancellationToken);
}
