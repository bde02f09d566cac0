using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Common.Postgres;
using Mesh.Controller.Audit;

namespace Mesh.Controller.Deployments;

/// <summary>The table of actions.</summary>
public sealed class ActionStore(MeshDatabase database)
{
    private const string Columns = """
        uid, tenant, app, deployment, generation, kind, state, creator, message, release, attempts, create_time, end_time
        """;

    public async Task<DeploymentAction> GetAsync(DeploymentName name, Guid uid, CancellationToken cancellationToken)
    {
        const string sql = $"""
            select {Columns}, log from actions where tenant = @Tenant and app = @App and deployment = @Deployment and uid = @uid
            """;
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        return await transaction.QueryOneAsync<DeploymentAction>(sql, new { name.Tenant, name.App, name.Deployment, uid }, cancellationToken)
            ?? throw MeshException.NotFound("ACTION_NOT_FOUND", "There is no such action.");
    }

    /// <summary>Actions older than a given one, newest first, without logs.</summary>
    public async Task<IReadOnlyList<DeploymentAction>> ListAsync(DeploymentName name, Guid? before, int limit, CancellationToken cancellationToken)
    {
        const string sql = $"""
            select {Columns} from actions
            where tenant = @Tenant and app = @App and deployment = @Deployment and (@before::uuid is null or uid < @before)
            order by uid desc limit @limit
            """;
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        await DeploymentStore.FindAsync(transaction, name, cancellationToken);
        return await transaction.QueryAsync<DeploymentAction>(
            sql, new { name.Tenant, name.App, name.Deployment, before, limit }, cancellationToken);
    }

    /// <summary>Records a new operation; those that have not ended give way to it.</summary>
    internal static Task AddAsync(
        MeshTransaction transaction, Deployment deployment, ActionKind kind, Actor actor, DateTimeOffset now, CancellationToken cancellationToken)
    {
        const string sql = """
            update actions set state = @superseded, end_time = @now, message = 'A newer operation took its place.'
            where tenant = @Tenant and app = @App and deployment = @Id and state in (@pending, @running);
            insert into actions (uid, tenant, app, deployment, generation, kind, state, creator, release, create_time)
            values (@uid, @Tenant, @App, @Id, @Generation, @kind, @pending, @Subject, @Release, @now)
            """;
        return transaction.ExecuteAsync(sql, new
        {
            uid = Guid.CreateVersion7(now),
            deployment.Tenant,
            deployment.App,
            deployment.Id,
            deployment.Generation,
            deployment.Release,
            actor.Subject,
            kind = (short)kind,
            now,
            pending = (short)ActionState.Pending,
            running = (short)ActionState.Running,
            superseded = (short)ActionState.Superseded,
        }, cancellationToken);
    }

    /// <summary>Notes what has become of the operation that made a generation.</summary>
    internal static Task ProgressAsync(
        MeshTransaction transaction, Deployment deployment, ActionState state, string line, DateTimeOffset now, CancellationToken cancellationToken)
    {
        const string sql = """
            update actions
            set state = @state, message = @Message, attempts = attempts + 1, log = log || @line,
                end_time = case when @ended then @now else null end
            where tenant = @Tenant and app = @App and deployment = @Id and generation = @Generation and state in (1, 2)
            """;
        var ended = state is ActionState.Succeeded or ActionState.Failed;
        return transaction.ExecuteAsync(sql, new
        {
            state = (short)state, line, ended, now, deployment.Tenant, deployment.App, deployment.Id, deployment.Generation, deployment.Message,
        }, cancellationToken);
    }
}
