using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Common.Paging;
using Mesh.Common.Postgres;
using Mesh.Controller.Apps;
using Mesh.Controller.Audit;
using Mesh.Controller.Requests;
using Mesh.Controller.Routes;

namespace Mesh.Controller.Deployments;

/// <summary>The table of deployments, as people change it. What becomes of a change is written by the reconciler.</summary>
public sealed class DeploymentStore(MeshDatabase database, AuditLog audit, TimeProvider time)
{
    internal const string Columns = """
        tenant, app, deployment as id, uid, release, running_release, scale, overrides, archived, deleting, restart_marker, generation, wakes,
        lease_until, state, failure_reason, message, status, create_time, update_time
        """;

    public async Task<Deployment> CreateAsync(Deployment given, string requestId, bool validateOnly, Actor actor, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var transaction = await database.BeginAsync(given.Tenant, cancellationToken);
        await AppStore.LockAsync(transaction, given.Name.Parent, cancellationToken);
        var claim = await RequestLog.ClaimAsync(transaction, "CreateDeployment", requestId, given.Name.ToString(), now, cancellationToken);
        if (claim is not null) return await FindAsync(transaction, given.Name, cancellationToken);
        await InsertAsync(transaction, given, actor, cancellationToken);
        if (validateOnly) return given;
        await audit.AppendAsync(transaction, given.Tenant, actor, given.Name.ToString(), null, given, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return given;
    }

    public async Task<Deployment> GetAsync(DeploymentName name, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        return await FindAsync(transaction, name, cancellationToken);
    }

    public async Task<IReadOnlyList<Deployment>> ListAsync(AppName name, string after, int limit, CancellationToken cancellationToken)
    {
        const string sql = $"""
            select {Columns} from deployments where tenant = @Tenant and app = @App and deployment > @after order by deployment limit @limit
            """;
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        await AppStore.FindAsync(transaction, name, cancellationToken);
        return await transaction.QueryAsync<Deployment>(sql, new { name.Tenant, name.App, after, limit }, cancellationToken);
    }

    /// <summary>Changes a deployment by a function of what it is, and records the operation.</summary>
    public async Task<Deployment> ChangeAsync(
        DeploymentName name,
        string etag,
        string requestId,
        ActionKind kind,
        Func<MeshTransaction, Deployment, Task<Deployment>> change,
        Actor actor,
        CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        await AppStore.LockAsync(transaction, name.Parent, cancellationToken);
        var before = await FindAsync(transaction, name, cancellationToken);
        if (await RequestLog.ClaimAsync(transaction, actor.Method, requestId, name.ToString(), now, cancellationToken) is not null) return before;
        var wanted = await change(transaction, before);
        var after = await ChangeAsync(transaction, name, etag, kind, _ => wanted, actor, now, cancellationToken);
        await audit.AppendAsync(transaction, name.Tenant, actor, name.ToString(), before, after, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return after;
    }

    internal static async Task<Deployment> ChangeAsync(
        MeshTransaction transaction,
        DeploymentName name,
        string etag,
        ActionKind kind,
        Func<Deployment, Deployment> change,
        Actor actor,
        DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        var before = await FindAsync(transaction, name, cancellationToken, " for update");
        ETag.Check(etag, before.Generation);
        if (before.Deleting) throw MeshException.FailedPrecondition("DEPLOYMENT_DELETING", $"The deployment `{name.Deployment}` is being deleted.");
        var after = change(before) with
        {
            Generation = before.Generation + 1,
            FailureReason = FailureReason.None,
            UpdateTime = now,
        };
        after = after with { State = PendingState(after), Message = after.Release == 0 ? before.Message : "Waits for its turn." };
        const string update = """
            update deployments
            set release = @Release, scale = @Scale, overrides = @Overrides, archived = @Archived, deleting = @Deleting,
                restart_marker = @RestartMarker, generation = @Generation, state = @State, failure_reason = @FailureReason,
                message = @Message, update_time = @UpdateTime, next_check_time = @UpdateTime
            where tenant = @Tenant and app = @App and deployment = @Id
            """;
        await transaction.ExecuteAsync(update, Row(after), cancellationToken);
        await ActionStore.AddAsync(transaction, after, kind, actor, now, cancellationToken);
        await NotifyAsync(transaction, name, cancellationToken);
        await RouteStore.TouchAsync(transaction, cancellationToken);
        return after;
    }

    internal static async Task InsertAsync(MeshTransaction transaction, Deployment deployment, Actor actor, CancellationToken cancellationToken)
    {
        const string insert = """
            insert into deployments (tenant, app, deployment, uid, release, scale, overrides, state, message, next_check_time, create_time, update_time)
            values (@Tenant, @App, @Id, @Uid, @Release, @Scale, @Overrides, @State, @Message, @CreateTime, @CreateTime, @UpdateTime)
            on conflict do nothing
            """;
        if (await transaction.ExecuteAsync(insert, Row(deployment), cancellationToken) == 0)
            throw MeshException.AlreadyExists("DEPLOYMENT_EXISTS", $"The app `{deployment.App}` has a deployment `{deployment.Id}` already.");
        await ActionStore.AddAsync(transaction, deployment, ActionKind.Create, actor, deployment.CreateTime, cancellationToken);
        await NotifyAsync(transaction, deployment.Name, cancellationToken);
        await RouteStore.TouchAsync(transaction, cancellationToken);
    }

    /// <summary>Marks all deployments of an app as going.</summary>
    internal static Task DeleteAllAsync(MeshTransaction transaction, AppName name, DateTimeOffset now, CancellationToken cancellationToken)
    {
        const string sql = """
            with gone as (
              update deployments set deleting = true, generation = generation + 1, state = @state, message = 'Is being stopped.',
                next_check_time = @now, update_time = @now
              where tenant = @Tenant and app = @App and not deleting
              returning tenant, app, deployment
            )
            select pg_notify('controller_changes', 'due'),
              (select count(pg_notify('controller_changes', format('tenants/%s/apps/%s/deployments/%s', tenant, app, deployment))) from gone)
            """;
        return transaction.ExecuteAsync(sql, new { name.Tenant, name.App, now, state = (short)DeploymentState.ArchivePending }, cancellationToken);
    }

    internal static async Task<Deployment> FindAsync(
        MeshTransaction transaction, DeploymentName name, CancellationToken cancellationToken, string lockClause = "")
    {
        var sql = $"select {Columns} from deployments where tenant = @Tenant and app = @App and deployment = @Deployment{lockClause}";
        return await transaction.QueryOneAsync<Deployment>(sql, new { name.Tenant, name.App, name.Deployment }, cancellationToken)
            ?? throw MeshException.NotFound("DEPLOYMENT_NOT_FOUND", $"The app `{name.App}` has no deployment `{name.Deployment}`.");
    }

    internal static Task NotifyAsync(MeshTransaction transaction, DeploymentName name, CancellationToken cancellationToken)
    {
        const string sql = "select pg_notify('controller_changes', 'due'), pg_notify('controller_changes', @name)";
        return transaction.ExecuteAsync(sql, new { name = name.ToString() }, cancellationToken);
    }

    private static DeploymentState PendingState(Deployment deployment) => deployment switch
    {
        { Archived: true } or { Deleting: true } => DeploymentState.ArchivePending,
        { RunningRelease: 0 } => DeploymentState.CreatePending,
        _ => DeploymentState.UpdatePending,
    };

    private static object Row(Deployment d) => new
    {
        d.Tenant, d.App, d.Id, d.Uid, d.Release, d.Scale, d.Overrides, d.Archived, d.Deleting, d.RestartMarker, d.Generation,
        State = (short)d.State, FailureReason = (short)d.FailureReason, d.Message, d.CreateTime, d.UpdateTime,
    };
}
