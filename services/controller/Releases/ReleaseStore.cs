using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Common.Postgres;
using Mesh.Controller.Apps;
using Mesh.Controller.Audit;
using Mesh.Controller.Deployments;
using Mesh.Controller.Requests;

namespace Mesh.Controller.Releases;

/// <summary>The table of releases.</summary>
public sealed class ReleaseStore(MeshDatabase database, AuditLog audit, TimeProvider time)
{
    private const string Columns = "tenant, app, version, image, config_version, processes, description, build, creator, create_time";

    /// <summary>Makes the next release and rolls it out to production.</summary>
    public Task<Release> CreateAsync(AppName name, Release given, string requestId, Actor actor, CancellationToken cancellationToken) =>
        MakeAsync(name, "CreateRelease", requestId, actor, (_, app) => Task.FromResult(given with { ConfigVersion = app.ConfigVersion }), cancellationToken);

    /// <summary>Makes the next release out of an older one: the one named, or the one before the newest.</summary>
    public Task<Release> RollbackAsync(AppName name, long? target, string requestId, Actor actor, CancellationToken cancellationToken) =>
        MakeAsync(name, "RollbackRelease", requestId, actor, async (transaction, app) =>
        {
            var version = target ?? app.LatestRelease - 1;
            if (version == app.LatestRelease)
                throw MeshException.FailedPrecondition("ALREADY_CURRENT", $"Release v{version} is the newest already.");
            if (version < 1) throw MeshException.FailedPrecondition("NO_EARLIER_RELEASE", "There is no earlier release to go back to.");
            var old = await FindAsync(transaction, new ReleaseName(name.Tenant, name.App, version), cancellationToken);
            return old with { Description = $"Rollback to v{version}", Creator = actor.Subject };
        }, cancellationToken);

    public async Task<Release> GetAsync(ReleaseName name, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        return await FindAsync(transaction, name, cancellationToken);
    }

    /// <summary>Releases with a number below the given one, newest first.</summary>
    public async Task<IReadOnlyList<Release>> ListAsync(AppName name, long before, int limit, CancellationToken cancellationToken)
    {
        const string sql = $"""
            select {Columns} from releases where tenant = @Tenant and app = @App and version < @before order by version desc limit @limit
            """;
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        await AppStore.FindAsync(transaction, name, cancellationToken);
        return await transaction.QueryAsync<Release>(sql, new { name.Tenant, name.App, before, limit }, cancellationToken);
    }

    /// <summary>
    /// Adds the next release of a locked app, made of its newest one by a function, and rolls it out to production. Part of the
    /// caller's transaction: numbers have no gaps.
    /// </summary>
    internal static async Task<Release> AddAsync(
        MeshTransaction transaction, App app, Func<Release, Release> make, Actor actor, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var latest = app.LatestRelease == 0
            ? new Release()
            : await FindAsync(transaction, new ReleaseName(app.Tenant, app.Id, app.LatestRelease), cancellationToken);
        var release = make(latest) with { Tenant = app.Tenant, App = app.Id, Version = app.LatestRelease + 1, CreateTime = now };
        const string insert = $"""
            insert into releases ({Columns})
            values (@Tenant, @App, @Version, @Image, @ConfigVersion, @Processes, @Description, @Build, @Creator, @CreateTime)
            """;
        await transaction.ExecuteAsync(insert, release, cancellationToken);
        const string update = """
            update apps set latest_release = @Version, revision = revision + 1, update_time = @CreateTime where tenant = @Tenant and app = @App
            """;
        await transaction.ExecuteAsync(update, new { release.Version, release.CreateTime, release.Tenant, release.App }, cancellationToken);
        var production = new DeploymentName(app.Tenant, app.Id, AppAddress.Production);
        await DeploymentStore.ChangeAsync(
            transaction, production, "", ActionKind.Update, d => d with { Release = release.Version }, actor, now, cancellationToken);
        return release;
    }

    internal static async Task<Release> FindAsync(MeshTransaction transaction, ReleaseName name, CancellationToken cancellationToken)
    {
        const string sql = $"select {Columns} from releases where tenant = @Tenant and app = @App and version = @Number";
        return await transaction.QueryOneAsync<Release>(sql, new { name.Tenant, name.App, name.Number }, cancellationToken)
            ?? throw MeshException.NotFound("RELEASE_NOT_FOUND", $"The app `{name.App}` has no release v{name.Number}.");
    }

    private async Task<Release> MakeAsync(
        AppName name, string method, string requestId, Actor actor, Func<MeshTransaction, App, Task<Release>> make, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        var app = await AppStore.LockAsync(transaction, name, cancellationToken);
        if (await RequestLog.ClaimAsync(transaction, method, requestId, "", now, cancellationToken) is { } earlier)
            return await FindAsync(transaction, ReleaseName.Parse(earlier), cancellationToken);
        var made = await make(transaction, app);
        var release = await AddAsync(transaction, app, _ => made, actor, now, cancellationToken);
        await RequestLog.NameAsync(transaction, method, requestId, release.Name.ToString(), cancellationToken);
        await AppStore.NotifyAsync(transaction, name, cancellationToken);
        await audit.AppendAsync(transaction, name.Tenant, actor, release.Name.ToString(), null, release, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return release;
    }
}
