using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Common.Postgres;

namespace Mesh.Builder.Builds;

/// <summary>Which builds there are; what people ask for and about.</summary>
public sealed class BuildStore(MeshDatabase database, BuilderOptions options, TimeProvider time)
{
    internal const string Columns = """
        tenant, app, uid, source_uid, state, ended, failure_reason, failure_message, image, processes::text as processes, detected, release,
        skip_release, log_size, creator, create_time, start_time, end_time, revision, attempts
        """;

    /// <summary>Queues a build; the same request id again gives the build of the first time.</summary>
    public async Task<Build> CreateAsync(SourceName source, Guid? requestId, bool skipRelease, string creator, CancellationToken cancellationToken)
    {
        const string insert = $"""
            insert into builds (tenant, app, uid, source_uid, skip_release, creator, request_id, create_time, not_before)
            select @Tenant, @App, @Uid, @SourceUid, @SkipRelease, @Creator, @RequestId, @Now, @Now
            where (select count(*) from builds where tenant = @Tenant and not ended) < @Queue
            on conflict (tenant, app, request_id) do nothing
            returning {Columns}
            """;
        const string earlier = $"select {Columns} from builds where tenant = @Tenant and app = @App and request_id = @RequestId";
        var now = time.GetUtcNow();
        var parameters = new
        {
            source.Tenant,
            source.App,
            Uid = Guid.CreateVersion7(now),
            SourceUid = Guid.Parse(source.Uid),
            SkipRelease = skipRelease,
            Creator = creator,
            RequestId = requestId,
            Now = now,
            options.Queue,
        };
        await using var transaction = await database.BeginAsync(source.Tenant, cancellationToken);
        if (requestId is not null && await transaction.QueryOneAsync<Build>(earlier, parameters, cancellationToken) is { } known)
            return known;
        var build = await transaction.QueryOneAsync<Build>(insert, parameters, cancellationToken);
        if (build is null && requestId is not null)
            build = await transaction.QueryOneAsync<Build>(earlier, parameters, cancellationToken);
        if (build is null)
            throw MeshException.ResourceExhausted("QUEUE_FULL", $"{options.Queue} builds of the tenant have not ended.", TimeSpan.FromSeconds(30));
        await transaction.ExecuteAsync("select pg_notify(@Channel, '')", new { Channel = BuildChannels.Queue }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return build;
    }

    public async Task<Build> GetAsync(BuildName name, CancellationToken cancellationToken)
    {
        const string sql = $"select {Columns} from builds where tenant = @Tenant and app = @App and uid = @Uid";
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        return await transaction.QueryOneAsync<Build>(sql, new { name.Tenant, name.App, Uid = Guid.Parse(name.Uid) }, cancellationToken) ?? throw NotFound(name);
    }

    /// <summary>The builds of an app, newest first, after the one with the given uid.</summary>
    public async Task<IReadOnlyList<Build>> ListAsync(AppName app, int limit, Guid? after, CancellationToken cancellationToken)
    {
        const string sql = $"""
            select {Columns} from builds
            where tenant = @Tenant and app = @App and (@After::uuid is null or uid < @After)
            order by uid desc limit @Limit
            """;
        await using var transaction = await database.BeginAsync(app.Tenant, cancellationToken);
        return await transaction.QueryAsync<Build>(sql, new { app.Tenant, app.App, After = after, Limit = limit }, cancellationToken);
    }

    /// <summary>Ends a build from outside. Whoever works on it loses it at once; a release that is being made is not torn apart.</summary>
    public async Task<Build> CancelAsync(BuildName name, string canceller, CancellationToken cancellationToken)
    {
        const string sql = $"""
            update builds set state = 'Cancelled', end_time = @Now, lease = null, lease_until = null, revision = revision + 1
            where tenant = @Tenant and app = @App and uid = @Uid and not ended and state <> 'Releasing'
            returning {Columns}
            """;
        var parameters = new { name.Tenant, name.App, Uid = Guid.Parse(name.Uid), Now = time.GetUtcNow() };
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        if (await transaction.QueryOneAsync<Build>(sql, parameters, cancellationToken) is not { } build)
        {
            var present = await GetAsync(name, cancellationToken);
            throw MeshException.FailedPrecondition("BUILD_ENDED", present.Ended ? "The build has ended." : "The build's release is being made.");
        }
        await BuildLogStore.AppendAsync(transaction, build.Uid, System.Text.Encoding.UTF8.GetBytes($"Cancelled by {canceller}.\n"), cancellationToken);
        await transaction.ExecuteAsync("select pg_notify(@Channel, @Uid)", new { Channel = BuildChannels.Changes, Uid = build.Uid.ToString() }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return build;
    }

    private static MeshException NotFound(BuildName name) => MeshException.NotFound("BUILD_NOT_FOUND", $"There is no build `{name}`.");
}
