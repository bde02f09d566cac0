using Mesh.Common.Errors;
using Mesh.Common.Paging;
using Mesh.Common.Postgres;
using Mesh.Ingestion.Quotas;

namespace Mesh.Ingestion.Targets;

/// <summary>The table of targets.</summary>
public sealed class TargetStore(MeshDatabase database, QuotaOptions quotas, TimeProvider time)
{
    internal const string Columns =
        "tenant, id, kind, address, interval_milliseconds, labels, paused, state, last_error, last_scrape_time, create_time, revision";

    /// <summary>Creates a target; a repeated request answers what the first one created.</summary>
    public async Task<Target> CreateAsync(Target given, string requestId, CancellationToken cancellationToken)
    {
        var request = requestId.Length == 0 ? (Guid?)null
            : Guid.TryParse(requestId, out var id) ? id : throw MeshException.InvalidArgument("request_id", "A request id is a UUID.");
        const string sql = """
            insert into targets (tenant, id, kind, address, interval_milliseconds, labels, paused, next_scrape_time, create_time, request_id)
            values (@Tenant, @Id, @Kind, @Address, @IntervalMilliseconds, @Labels, @Paused, @now, @now, @request)
            on conflict do nothing
            """;
        await using var transaction = await database.BeginAsync(given.Tenant, cancellationToken);
        await Quota.OfTargets.EnterAsync(transaction, given.Tenant, cancellationToken);
        var values = new
        {
            given.Tenant, given.Id, Kind = (short)given.Kind, given.Address, given.IntervalMilliseconds, given.Labels, given.Paused,
            now = time.GetUtcNow(), request,
        };
        if (await transaction.ExecuteAsync(sql, values, cancellationToken) == 0)
        {
            const string same = "select 1 from targets where tenant = @Tenant and id = @Id and request_id = @request";
            if (request is null || await transaction.QueryOneAsync<int?>(same, new { given.Tenant, given.Id, request }, cancellationToken) is null)
                throw MeshException.AlreadyExists("TARGET_EXISTS", $"The tenant `{given.Tenant}` has a target `{given.Id}` already.");
        }
        else
        {
            await Quota.OfTargets.CheckAsync(transaction, given.Tenant, quotas.Targets, cancellationToken);
        }

        var target = await FindAsync(transaction, given.Name, "", cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return target;
    }

    public async Task<Target> GetAsync(TargetName name, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        return await FindAsync(transaction, name, "", cancellationToken);
    }

    public async Task<IReadOnlyList<Target>> ListAsync(string tenant, string after, int limit, CancellationToken cancellationToken)
    {
        const string sql = $"select {Columns} from targets where tenant = @tenant and id > @after order by id limit @limit";
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        return await transaction.QueryAsync<Target>(sql, new { tenant, after, limit }, cancellationToken);
    }

    /// <summary>Changes a target; one that is paused now is given with the series that it showed last, which end with that.</summary>
    public async Task<(Target Target, IReadOnlyCollection<ulong> Ended)> UpdateAsync(
        TargetName name, string etag, Func<Target, Target> change, CancellationToken cancellationToken)
    {
        const string sql = """
            update targets
            set kind = @Kind, address = @Address, interval_milliseconds = @IntervalMilliseconds, labels = @Labels, paused = @Paused,
                revision = revision + 1, next_scrape_time = @now
            where tenant = @Tenant and id = @Id
            """;
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        var before = await FindAsync(transaction, name, " for update", cancellationToken);
        ETag.Check(etag, before.Revision);
        var after = change(before);
        var values = new
        {
            after.Tenant, after.Id, Kind = (short)after.Kind, after.Address, after.IntervalMilliseconds, after.Labels, after.Paused,
            now = time.GetUtcNow(),
        };
        await transaction.ExecuteAsync(sql, values, cancellationToken);
        var ended = after.Paused && !before.Paused ? await EndAsync(transaction, name, cancellationToken) : [];
        await transaction.CommitAsync(cancellationToken);
        return (after with { Revision = before.Revision + 1 }, ended);
    }

    /// <summary>Deletes a target, and gives it with the series that it showed last.</summary>
    public async Task<(Target Target, IReadOnlyCollection<ulong> Series)> DeleteAsync(TargetName name, CancellationToken cancellationToken)
    {
        const string shown = "select series from target_series where tenant = @Tenant and target = @Id";
        const string sql = "delete from targets where tenant = @Tenant and id = @Id";
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        var target = await FindAsync(transaction, name, " for update", cancellationToken);
        var series = await transaction.QueryOneAsync<byte[]>(shown, new { name.Tenant, name.Id }, cancellationToken);
        await transaction.ExecuteAsync(sql, new { name.Tenant, name.Id }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return (target, series is null ? [] : TargetSeriesStore.Parse(series));
    }

    // A turn of nobody's own: whoever reads the target now is late with what he found, and the next one begins with nothing.
    private static async Task<IReadOnlyCollection<ulong>> EndAsync(MeshTransaction transaction, TargetName name, CancellationToken cancellationToken)
    {
        const string shown = "select series from target_series where tenant = @Tenant and target = @Id for update";
        const string turn = "update targets set turn = turn + 1, lease_end = null where tenant = @Tenant and id = @Id";
        const string nothing = """
            update target_series as s set turn = t.turn, series = ''
            from targets as t
            where s.tenant = @Tenant and s.target = @Id and t.tenant = s.tenant and t.id = s.target
            """;
        var series = await transaction.QueryOneAsync<byte[]>(shown, new { name.Tenant, name.Id }, cancellationToken);
        await transaction.ExecuteAsync(turn, new { name.Tenant, name.Id }, cancellationToken);
        await transaction.ExecuteAsync(nothing, new { name.Tenant, name.Id }, cancellationToken);
        return series is null ? [] : TargetSeriesStore.Parse(series);
    }

    private static async Task<Target> FindAsync(
        MeshTransaction transaction, TargetName name, string lockClause, CancellationToken cancellationToken)
    {
        var sql = $"select {Columns} from targets where tenant = @Tenant and id = @Id{lockClause}";
        return await transaction.QueryOneAsync<Target>(sql, new { name.Tenant, name.Id }, cancellationToken) ?? throw NotFound(name);
    }

    private static MeshException NotFound(TargetName name) =>
        MeshException.NotFound("TARGET_NOT_FOUND", $"The tenant `{name.Tenant}` has no target `{name.Id}`.");
}
