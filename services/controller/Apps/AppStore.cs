using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Common.Paging;
using Mesh.Common.Postgres;
using Mesh.Controller.Audit;
using Mesh.Controller.Changes;
using Mesh.Controller.Deployments;
using Mesh.Controller.Requests;
using Mesh.Controller.Routes;
using Mesh.Controller.Tenants;

namespace Mesh.Controller.Apps;

/// <summary>The table of apps.</summary>
public sealed class AppStore(MeshDatabase database, AuditLog audit, TimeProvider time)
{
    private const string Columns = """
        tenant, app as id, uid, display_name, labels, processes, maintenance, deleting, latest_release, config_version, revision,
        create_time, update_time
        """;

    /// <summary>Creates an app with its deployment `production`.</summary>
    public async Task<App> CreateAsync(App given, string requestId, bool validateOnly, Actor actor, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var app = given with { Uid = Guid.CreateVersion7(now), CreateTime = now, UpdateTime = now };
        await using var transaction = await database.BeginAsync(app.Tenant, cancellationToken);
        if (await RequestLog.ClaimAsync(transaction, "CreateApp", requestId, app.Name.ToString(), now, cancellationToken) is not null)
            return await FindAsync(transaction, app.Name, cancellationToken);
        const string insert = """
            insert into apps (tenant, app, uid, display_name, labels, processes, maintenance, create_time, update_time)
            select @Tenant, @Id, @Uid, @DisplayName, @Labels, @Processes, @Maintenance, @CreateTime, @UpdateTime
            where exists (select from tenants where tenant = @Tenant for share)
            on conflict do nothing
            """;
        if (await transaction.ExecuteAsync(insert, app, cancellationToken) == 0)
        {
            if (await transaction.QueryOneAsync<int?>("select 1 from tenants where tenant = @Tenant", new { app.Tenant }, cancellationToken) is null)
                throw TenantStore.NotFound(app.Tenant);
            throw MeshException.AlreadyExists("APP_EXISTS", $"The tenant `{app.Tenant}` has an app `{app.Id}` already.");
        }
        var production = new DeploymentName(app.Tenant, app.Id, AppAddress.Production);
        await DeploymentStore.InsertAsync(transaction, Deployment.New(production, now), actor, cancellationToken);
        if (validateOnly) return app;
        await audit.AppendAsync(transaction, app.Tenant, actor, app.Name.ToString(), null, app, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return app;
    }

    public async Task<App> GetAsync(AppName name, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        return await FindAsync(transaction, name, cancellationToken);
    }

    public async Task<IReadOnlyList<App>> ListAsync(string tenant, string after, int limit, CancellationToken cancellationToken)
    {
        const string sql = $"select {Columns} from apps where tenant = @tenant and app > @after order by app limit @limit";
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        return await transaction.QueryAsync<App>(sql, new { tenant, after, limit }, cancellationToken);
    }

    /// <summary>Changes an app by a function of what it is.</summary>
    public async Task<App> UpdateAsync(
        AppName name, string etag, Func<App, App> change, bool validateOnly, Actor actor, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        var before = await FindAsync(transaction, name, cancellationToken, " for update");
        ETag.Check(etag, before.Revision);
        var after = change(before) with { Revision = before.Revision + 1, UpdateTime = time.GetUtcNow() };
        if (validateOnly) return after;
        const string update = """
            update apps
            set display_name = @DisplayName, labels = @Labels, processes = @Processes, maintenance = @Maintenance,
                revision = @Revision, update_time = @UpdateTime
            where tenant = @Tenant and app = @Id
            """;
        await transaction.ExecuteAsync(update, after, cancellationToken);
        if (before.Maintenance != after.Maintenance) await RouteStore.TouchAsync(transaction, cancellationToken);
        await audit.AppendAsync(transaction, name.Tenant, actor, name.ToString(), before, after, cancellationToken);
        await NotifyAsync(transaction, name, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return after;
    }

    /// <summary>
    /// Marks an app as going: from now on it is not routed and takes no releases. The reconciler stops what runs and then forgets it.
    /// </summary>
    public async Task DeleteAsync(AppName name, string etag, Actor actor, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        var before = await FindAsync(transaction, name, cancellationToken, " for update");
        ETag.Check(etag, before.Revision);
        const string mark = """
            update apps set deleting = true, revision = revision + 1, update_time = @now where tenant = @Tenant and app = @App
            """;
        await transaction.ExecuteAsync(mark, new { name.Tenant, name.App, now = time.GetUtcNow() }, cancellationToken);
        await DeploymentStore.DeleteAllAsync(transaction, name, time.GetUtcNow(), cancellationToken);
        await RouteStore.TouchAsync(transaction, cancellationToken);
        await audit.AppendAsync(transaction, name.Tenant, actor, name.ToString(), before, null, cancellationToken);
        await NotifyAsync(transaction, name, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    internal static async Task<App> FindAsync(
        MeshTransaction transaction, AppName name, CancellationToken cancellationToken, string lockClause = "")
    {
        var sql = $"select {Columns} from apps where tenant = @Tenant and app = @App{lockClause}";
        return await transaction.QueryOneAsync<App>(sql, new { name.Tenant, name.App }, cancellationToken)
            ?? throw MeshException.NotFound("APP_NOT_FOUND", $"The tenant `{name.Tenant}` has no app `{name.App}`.");
    }

    /// <summary>Locks an app that can still be changed.</summary>
    internal static async Task<App> LockAsync(MeshTransaction transaction, AppName name, CancellationToken cancellationToken)
    {
        var app = await FindAsync(transaction, name, cancellationToken, " for update");
        return app.Deleting ? throw MeshException.FailedPrecondition("APP_DELETING", $"The app `{name.App}` is being destroyed.") : app;
    }

    internal static Task NotifyAsync(MeshTransaction transaction, AppName name, CancellationToken cancellationToken) =>
        transaction.ExecuteAsync(ChangeTopics.Notify, new { name = name.ToString() }, cancellationToken);
}
