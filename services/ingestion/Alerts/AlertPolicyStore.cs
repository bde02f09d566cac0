using Google.Protobuf;
using Mesh.Common.Errors;
using Mesh.Common.Paging;
using Mesh.Common.Postgres;

namespace Mesh.Ingestion.Alerts;

/// <summary>The table of alert policies.</summary>
public sealed class AlertPolicyStore(MeshDatabase database, TimeProvider time)
{
    private const string Columns = "tenant, id, spec::text as spec, create_time, revision";

    private static readonly JsonParser Parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    public async Task<AlertPolicy> CreateAsync(
        AlertPolicyName name, V1.AlertPolicy spec, string requestId, CancellationToken cancellationToken)
    {
        var request = requestId.Length == 0 ? (Guid?)null
            : Guid.TryParse(requestId, out var id) ? id : throw MeshException.InvalidArgument("request_id", "A request id is a UUID.");
        const string sql = """
            insert into alert_policies (tenant, id, spec, paused, next_evaluation_time, create_time, request_id)
            values (@Tenant, @Id, @spec::jsonb, @Paused, @now, @now, @request)
            on conflict do nothing
            """;
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        var values = new { name.Tenant, name.Id, spec = JsonFormatter.Default.Format(spec), spec.Paused, now = time.GetUtcNow(), request };
        if (await transaction.ExecuteAsync(sql, values, cancellationToken) == 0)
        {
            const string same = "select 1 from alert_policies where tenant = @Tenant and id = @Id and request_id = @request";
            if (request is null || await transaction.QueryOneAsync<int?>(same, new { name.Tenant, name.Id, request }, cancellationToken) is null)
                throw MeshException.AlreadyExists("ALERT_POLICY_EXISTS", $"The tenant `{name.Tenant}` has a policy `{name.Id}` already.");
        }

        var policy = await FindAsync(transaction, name, "", cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return policy;
    }

    public async Task<AlertPolicy> GetAsync(AlertPolicyName name, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        return await FindAsync(transaction, name, "", cancellationToken);
    }

    public async Task<IReadOnlyList<AlertPolicy>> ListAsync(string tenant, string after, int limit, CancellationToken cancellationToken)
    {
        const string sql = $"select {Columns} from alert_policies where tenant = @tenant and id > @after order by id limit @limit";
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        return [.. (await transaction.QueryAsync<Row>(sql, new { tenant, after, limit }, cancellationToken)).Select(Map)];
    }

    public async Task<AlertPolicy> UpdateAsync(
        AlertPolicyName name, string etag, Func<V1.AlertPolicy, V1.AlertPolicy> change, CancellationToken cancellationToken)
    {
        const string sql = """
            update alert_policies
            set spec = @spec::jsonb, paused = @Paused, revision = revision + 1, next_evaluation_time = @now
            where tenant = @Tenant and id = @Id
            """;
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        var before = await FindAsync(transaction, name, " for update", cancellationToken);
        ETag.Check(etag, before.Revision);
        var spec = change(before.Spec);
        var values = new { name.Tenant, name.Id, spec = JsonFormatter.Default.Format(spec), spec.Paused, now = time.GetUtcNow() };
        await transaction.ExecuteAsync(sql, values, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return before with { Spec = spec, Revision = before.Revision + 1 };
    }

    /// <summary>Deletes a policy; its open alerts are over.</summary>
    public async Task DeleteAsync(AlertPolicyName name, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        const string delete = "delete from alert_policies where tenant = @Tenant and id = @Id";
        if (await transaction.ExecuteAsync(delete, new { name.Tenant, name.Id }, cancellationToken) == 0)
            throw NotFound(name);
        await AlertStore.ResolveAllAsync(transaction, name, time.GetUtcNow(), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Takes policies whose time has come, and moves their next time on; other replicas take others.</summary>
    public async Task<IReadOnlyList<AlertPolicy>> TakeDueAsync(TimeSpan interval, int limit, CancellationToken cancellationToken)
    {
        const string sql = $"""
            update alert_policies
            set next_evaluation_time = @next
            where (tenant, id) in
            (
                select tenant, id from alert_policies where not paused and next_evaluation_time <= @now
                order by next_evaluation_time limit @limit for update skip locked
            )
            returning {Columns}
            """;
        var now = time.GetUtcNow();
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        var due = await transaction.QueryAsync<Row>(sql, new { now, next = now + interval, limit }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return [.. due.Select(Map)];
    }

    /// <summary>Locks a policy that is still as it was when it was read; false where it has changed or is gone.</summary>
    internal static async Task<bool> LockAsync(MeshTransaction transaction, AlertPolicy policy, CancellationToken cancellationToken)
    {
        const string sql = "select revision from alert_policies where tenant = @Tenant and id = @Id for update";
        return await transaction.QueryOneAsync<long?>(sql, new { policy.Name.Tenant, policy.Name.Id }, cancellationToken) == policy.Revision;
    }

    private static async Task<AlertPolicy> FindAsync(
        MeshTransaction transaction, AlertPolicyName name, string lockClause, CancellationToken cancellationToken)
    {
        var sql = $"select {Columns} from alert_policies where tenant = @Tenant and id = @Id{lockClause}";
        return await transaction.QueryOneAsync<Row>(sql, new { name.Tenant, name.Id }, cancellationToken) is { } row ? Map(row) : throw NotFound(name);
    }

    private static AlertPolicy Map(Row row) =>
        new(new AlertPolicyName(row.Tenant, row.Id), Parser.Parse<V1.AlertPolicy>(row.Spec), row.CreateTime, row.Revision);

    private static MeshException NotFound(AlertPolicyName name) =>
        MeshException.NotFound("ALERT_POLICY_NOT_FOUND", $"The tenant `{name.Tenant}` has no policy `{name.Id}`.");

    private sealed record Row
    {
        public string Tenant { get; init; } = "";

        public string Id { get; init; } = "";

        public string Spec { get; init; } = "";

        public DateTimeOffset CreateTime { get; init; }

        public long Revision { get; init; }
    }
}
