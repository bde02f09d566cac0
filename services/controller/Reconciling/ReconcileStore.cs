using Mesh.Common.Names;
using Mesh.Common.Postgres;
using Mesh.Controller.Apps;
using Mesh.Controller.Changes;
using Mesh.Controller.Configs;
using Mesh.Controller.Deployments;
using Mesh.Controller.Releases;

namespace Mesh.Controller.Reconciling;

/// <summary>What is recorded of a deployment and of what it belongs to.</summary>
public sealed record Snapshot(Deployment Deployment, App App, Release? Release, Config Config);

/// <summary>The reconciler's queue: deployments that are due, each leased to one replica at a time.</summary>
public sealed class ReconcileStore(MeshDatabase database, TimeProvider time)
{
    private static readonly TimeSpan s_lease = TimeSpan.FromSeconds(30);

    /// <summary>Leases deployments that are due. A replica that dies loses its leases by time.</summary>
    public async Task<IReadOnlyList<Snapshot>> LeaseAsync(int limit, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        const string lease = $"""
            update deployments set lease_until = @until
            where ctid = any (array (
              select ctid from deployments
              where next_check_time <= @now and (lease_until is null or lease_until < @now)
              order by next_check_time limit @limit
              for update skip locked))
            returning {DeploymentStore.Columns}
            """;
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        var deployments = await transaction.QueryAsync<Deployment>(lease, new { now, until = now + s_lease, limit }, cancellationToken);
        var snapshots = new List<Snapshot>(deployments.Count);
        foreach (var deployment in deployments)
        {
            var app = await AppStore.FindAsync(transaction, deployment.Name.Parent, cancellationToken);
            var release = deployment.Release == 0
                ? null
                : await ReleaseStore.FindAsync(transaction, new ReleaseName(app.Tenant, app.Id, deployment.Release), cancellationToken);
            var config = await ConfigStore.FindAsync(transaction, app.Name, release?.ConfigVersion ?? 0, cancellationToken);
            snapshots.Add(new(deployment, app, release, config));
        }
        await transaction.CommitAsync(cancellationToken);
        return snapshots;
    }

    /// <summary>How long until the next deployment is due; null when there is none.</summary>
    public async Task<TimeSpan?> NextDueAsync(CancellationToken cancellationToken)
    {
        const string sql = "select min(greatest(next_check_time, coalesce(lease_until, next_check_time))) from deployments";
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        var next = await transaction.QueryOneAsync<DateTimeOffset?>(sql, null, cancellationToken);
        return next is null ? null : next - time.GetUtcNow();
    }

    /// <summary>
    /// Notes workloads before the scheduler has them, so that they are stopped one day whatever becomes of who hands them over. False when
    /// the deployment is leased to somebody else by now.
    /// </summary>
    public async Task<bool> NoteAsync(Deployment deployment, CancellationToken cancellationToken)
    {
        const string sql = """
            update deployments set status = @Status
            where tenant = @Tenant and app = @App and deployment = @Id and lease_until = @LeaseUntil
            """;
        await using var transaction = await database.BeginAsync(deployment.Tenant, cancellationToken);
        var noted = await transaction.ExecuteAsync(sql, deployment, cancellationToken) == 1;
        await transaction.CommitAsync(cancellationToken);
        return noted;
    }

    /// <summary>Makes a lease last anew, and answers until when; null when the deployment is leased to somebody else by now.</summary>
    public async Task<DateTimeOffset?> RenewAsync(Deployment deployment, CancellationToken cancellationToken)
    {
        const string sql = """
            update deployments set lease_until = @until
            where tenant = @Tenant and app = @App and deployment = @Id and lease_until = @LeaseUntil
            returning lease_until
            """;
        await using var transaction = await database.BeginAsync(deployment.Tenant, cancellationToken);
        var values = new { deployment.Tenant, deployment.App, deployment.Id, deployment.LeaseUntil, until = time.GetUtcNow() + s_lease };
        var until = await transaction.QueryOneAsync<DateTimeOffset?>(sql, values, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return until;
    }

    /// <summary>
    /// Records what was found and gives the lease back. When people have changed the deployment meanwhile, only the lease is given
    /// back: the deployment is due again already, as it is when its workloads have changed. Who has lost the lease records nothing.
    /// </summary>
    public async Task RecordAsync(Deployment before, Deployment after, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        const string sql = """
            update deployments
            set state = case when generation = @Generation then @State else state end,
                failure_reason = case when generation = @Generation then @FailureReason else failure_reason end,
                message = case when generation = @Generation then @Message else message end,
                running_release = case when generation = @Generation then @RunningRelease else running_release end,
                next_check_time = case when generation = @Generation and wakes = @Wakes then greatest(next_check_time, @next) else next_check_time end,
                status = @Status,
                lease_until = null
            where tenant = @Tenant and app = @App and deployment = @Id and lease_until = @LeaseUntil
            returning generation = @Generation
            """;
        await using var transaction = await database.BeginAsync(after.Tenant, cancellationToken);
        var current = await transaction.QueryOneAsync<bool?>(sql, new
        {
            after.Tenant, after.App, after.Id, after.Generation, before.Wakes, before.LeaseUntil, State = (short)after.State, FailureReason = (short)after.FailureReason,
            after.Message, after.RunningRelease, after.Status, next = now + DeploymentOutcome.NextCheck(after.State),
        }, cancellationToken);
        if (current == true && (before.State != after.State || before.Message != after.Message))
        {
            var line = $"{now:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {after.Message}\n";
            await ActionStore.ProgressAsync(transaction, after, DeploymentOutcome.ActionStateOf(after), line, now, cancellationToken);
        }
        if (current == true && !Same(before, after)) await DeploymentStore.NotifyAsync(transaction, after.Name, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Forgets a deployment of which nothing runs any more, and its app when that is going and this was the last one.</summary>
    public async Task ForgetAsync(DeploymentName name, CancellationToken cancellationToken)
    {
        const string sql = """
            delete from deployments where tenant = @Tenant and app = @App and deployment = @Deployment and deleting;
            delete from apps a where tenant = @Tenant and app = @App and deleting
              and not exists (select from deployments d where d.tenant = a.tenant and d.app = a.app)
            """;
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        await transaction.ExecuteAsync(sql, new { name.Tenant, name.App, name.Deployment }, cancellationToken);
        await DeploymentStore.NotifyAsync(transaction, name, cancellationToken);
        await AppStore.NotifyAsync(transaction, name.Parent, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Gives a lease back without a result: the deployment is looked at again after a pause.</summary>
    public async Task PostponeAsync(Deployment deployment, TimeSpan pause, CancellationToken cancellationToken)
    {
        const string sql = """
            update deployments set lease_until = null, next_check_time = @next
            where tenant = @Tenant and app = @App and deployment = @Id and lease_until = @LeaseUntil
            """;
        await using var transaction = await database.BeginAsync(deployment.Tenant, cancellationToken);
        var values = new { deployment.Tenant, deployment.App, deployment.Id, deployment.LeaseUntil, next = time.GetUtcNow() + pause };
        await transaction.ExecuteAsync(sql, values, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Makes a deployment due now, because its workloads have changed.</summary>
    public async Task DueAsync(string tenant, string app, string deployment, CancellationToken cancellationToken)
    {
        const string sql = """
            with due as (
              update deployments set next_check_time = least(next_check_time, @now), wakes = wakes + 1
              where tenant = @tenant and app = @app and deployment = @deployment
              returning 1
            )
            select count(pg_notify('controller_changes', @name)) from due
            """;
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        var parameters = new { tenant, app, deployment, now = time.GetUtcNow(), name = ChangeTopics.DueDeployments };
        await transaction.ExecuteAsync(sql, parameters, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static bool Same(Deployment before, Deployment after) =>
        before.State == after.State && before.Message == after.Message && before.RunningRelease == after.RunningRelease
        && before.FailureReason == after.FailureReason && before.Status.SequenceEqual(after.Status);
}
