using Mesh.Builder.Sboms;
using Mesh.Common.Postgres;

namespace Mesh.Builder.Builds;

/// <summary>
/// The builds as a queue. Builds of one app run one after the other, in order; a build whose worker died is taken up again when
/// its lease is over.
/// </summary>
public sealed class BuildQueue(MeshDatabase database, TimeProvider time)
{
    /// <summary>How long a lease lasts; it is renewed three times as often.</summary>
    public static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(15);

    /// <summary>Takes the next build that is due; null when there is none.</summary>
    public async Task<(Build Build, BuildLease Lease)?> ClaimAsync(CancellationToken cancellationToken)
    {
        const string sql = $"""
            update builds set
                state = 'Building', lease = @Holder, lease_until = @Until, attempts = attempts + 1,
                start_time = coalesce(start_time, @Now), revision = revision + 1
            where uid = (
                select uid from builds b
                where not ended and not_before <= @Now and (lease_until is null or lease_until < @Now)
                  and not exists (
                    select from builds older where older.tenant = b.tenant and older.app = b.app and older.uid < b.uid and not older.ended)
                order by uid limit 1
                for update skip locked)
            returning {BuildStore.Columns}
            """;
        var now = time.GetUtcNow();
        var holder = Guid.NewGuid();
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        var build = await transaction.QueryOneAsync<Build>(sql, new { Holder = holder, Until = now + LeaseTime, Now = now }, cancellationToken);
        if (build is null)
            return null;
        await NotifyAsync(transaction, build.Uid, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return (build, new BuildLease(build.Uid, build.Tenant, holder));
    }

    /// <summary>When the next build is due; null when none waits.</summary>
    public async Task<DateTimeOffset?> NextAsync(CancellationToken cancellationToken)
    {
        const string sql = "select min(greatest(not_before, coalesce(lease_until, not_before))) from builds where not ended";
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        return await transaction.QueryOneAsync<DateTimeOffset?>(sql, null, cancellationToken);
    }

    public Task RenewAsync(BuildLease lease, CancellationToken cancellationToken) =>
        ChangeAsync(lease, "lease_until = @Until", new { Until = time.GetUtcNow() + LeaseTime }, visible: false, cancellationToken);

    public Task DetectedAsync(BuildLease lease, string detected, string processes, CancellationToken cancellationToken) =>
        ChangeAsync(lease, "detected = @Detected, processes = @Processes::jsonb", new { Detected = detected, Processes = processes }, visible: true, cancellationToken);

    public Task PushingAsync(BuildLease lease, CancellationToken cancellationToken) =>
        ChangeAsync(lease, "state = 'Pushing', image = ''", new { }, visible: true, cancellationToken);

    /// <summary>
    /// The image is in the registry and its release may be made. From here on ingestion will be told what is in it, whatever becomes of the
    /// build: no image is released before.
    /// </summary>
    public Task PushedAsync(BuildLease lease, Build build, string image, byte[] sbom, CancellationToken cancellationToken)
    {
        var waiting = new WaitingSbom
        {
            Tenant = build.Tenant, App = build.App, Digest = image[(image.IndexOf('@', StringComparison.Ordinal) + 1)..], Sbom = sbom, BuildTime = time.GetUtcNow(),
        };
        return ChangeAsync(
            lease, "state = 'Releasing', image = @Image", new { Image = image }, visible: true, cancellationToken,
            transaction => SbomOutbox.AddAsync(transaction, waiting, cancellationToken));
    }

    public Task SucceedAsync(BuildLease lease, string release, CancellationToken cancellationToken) => ChangeAsync(
        lease, "state = 'Succeeded', release = @Release, end_time = @Now, lease_until = null", new { Release = release, Now = time.GetUtcNow() }, visible: true, cancellationToken);

    public Task FailAsync(BuildLease lease, string reason, string message, CancellationToken cancellationToken) => ChangeAsync(
        lease, "state = 'Failed', failure_reason = @Reason, failure_message = @Message, end_time = @Now, lease_until = null",
        new { Reason = reason, Message = message, Now = time.GetUtcNow() }, visible: true, cancellationToken);

    /// <summary>Gives the build back, to be taken again after a pause.</summary>
    public Task ReturnAsync(BuildLease lease, TimeSpan pause, CancellationToken cancellationToken) => ChangeAsync(
        lease, "state = 'Queued', not_before = @NotBefore, lease = null, lease_until = null", new { NotBefore = time.GetUtcNow() + pause }, visible: true, cancellationToken);

    public async Task AppendLogAsync(BuildLease lease, byte[] data, CancellationToken cancellationToken)
    {
        const string sql = "select uid from builds where uid = @Build and lease = @Holder and not ended for update";
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        if (await transaction.QueryOneAsync<Guid?>(sql, lease, cancellationToken) is null)
            throw new LeaseLostException();
        await BuildLogStore.AppendAsync(transaction, lease.Build, data, cancellationToken);
        await NotifyAsync(transaction, lease.Build, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task ChangeAsync(
        BuildLease lease, string set, object values, bool visible, CancellationToken cancellationToken, Func<MeshTransaction, Task>? also = null)
    {
        // `set` is one of the constants above.
        var sql = $"update builds set {set}{(visible ? ", revision = revision + 1" : "")} where uid = @Build and lease = @Holder and not ended";
        var parameters = new Dapper.DynamicParameters(values);
        parameters.AddDynamicParams(lease);
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        if (await transaction.ExecuteAsync(sql, parameters, cancellationToken) == 0)
            throw new LeaseLostException();
        if (also is not null)
            await also(transaction);
        if (visible)
            await NotifyAsync(transaction, lease.Build, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    // The queue is told as well: the end of a build lets the app's next one begin.
    private static Task<int> NotifyAsync(MeshTransaction transaction, Guid uid, CancellationToken cancellationToken) => transaction.ExecuteAsync(
        "select pg_notify(@Changes, @Uid), pg_notify(@Queue, '')",
        new { BuildChannels.Changes, BuildChannels.Queue, Uid = uid.ToString() }, cancellationToken);
}
