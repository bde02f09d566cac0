using Google.Protobuf;
using Mesh.Common.Errors;
using Mesh.Common.Paging;
using Mesh.Common.Postgres;
using Mesh.Ingestion.Quotas;

namespace Mesh.Ingestion.Alerts;

/// <summary>The table of alert policies.</summary>
public sealed class AlertPolicyStore(MeshDatabase database, WebhookSecrets secrets, QuotaOptions quotas, TimeProvider time)
{
    public Task<AlertPolicy> CreateAsync(AlertPolicyName name, V1.AlertPolicy spec, string requestId, CancellationToken cancellationToken) =>
        AddAsync(name, spec, secrets.Take(name.Tenant, spec, null), requestId, cancellationToken);

    /// <summary>Creates a policy that is as another, with its webhook's secret.</summary>
    public Task<AlertPolicy> CloneAsync(AlertPolicyName name, AlertPolicy source, string requestId, CancellationToken cancellationToken) =>
        AddAsync(name, source.Spec, source.WebhookSecret, requestId, cancellationToken);

    public async Task<AlertPolicy> GetAsync(AlertPolicyName name, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        return await FindAsync(transaction, name, "", cancellationToken);
    }

    public async Task<IReadOnlyList<AlertPolicy>> ListAsync(string tenant, string after, int limit, CancellationToken cancellationToken)
    {
        const string sql = $"select {AlertPolicyRow.Columns} from alert_policies where tenant = @tenant and id > @after order by id limit @limit";
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        return [.. (await transaction.QueryAsync<AlertPolicyRow>(sql, new { tenant, after, limit }, cancellationToken)).Select(row => row.ToPolicy())];
    }

    /// <summary>Changes a policy; the open alerts of one that is paused are over.</summary>
    public async Task<AlertPolicy> UpdateAsync(
        AlertPolicyName name, string etag, Func<V1.AlertPolicy, V1.AlertPolicy> change, CancellationToken cancellationToken)
    {
        const string sql = """
            update alert_policies
            set spec = @spec::jsonb, paused = @Paused, webhook_secret = @secret, revision = revision + 1, next_evaluation_time = @now
            where tenant = @Tenant and id = @Id
            """;
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        var before = await FindAsync(transaction, name, " for update", cancellationToken);
        ETag.Check(etag, before.Revision);
        var spec = change(before.Spec);
        var secret = secrets.Take(name.Tenant, spec, before);
        var now = time.GetUtcNow();
        var values = new { name.Tenant, name.Id, spec = JsonFormatter.Default.Format(spec), spec.Paused, secret, now };
        await transaction.ExecuteAsync(sql, values, cancellationToken);
        if (spec.Paused)
            await AlertStore.ResolveAllAsync(transaction, before, now, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return before with { Spec = spec, WebhookSecret = secret, Revision = before.Revision + 1 };
    }

    /// <summary>Deletes a policy; its open alerts are over.</summary>
    public async Task DeleteAsync(AlertPolicyName name, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        var policy = await FindAsync(transaction, name, " for update", cancellationToken);
        await AlertStore.ResolveAllAsync(transaction, policy, time.GetUtcNow(), cancellationToken);
        const string delete = "delete from alert_policies where tenant = @Tenant and id = @Id";
        await transaction.ExecuteAsync(delete, new { name.Tenant, name.Id }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task<AlertPolicy> AddAsync(
        AlertPolicyName name, V1.AlertPolicy spec, byte[]? secret, string requestId, CancellationToken cancellationToken)
    {
        var request = requestId.Length == 0 ? (Guid?)null
            : Guid.TryParse(requestId, out var id) ? id : throw MeshException.InvalidArgument("request_id", "A request id is a UUID.");
        const string sql = """
            insert into alert_policies (tenant, id, spec, paused, webhook_secret, next_evaluation_time, create_time, request_id)
            values (@Tenant, @Id, @spec::jsonb, @Paused, @secret, @now, @now, @request)
            on conflict do nothing
            """;
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        await Quota.OfAlertPolicies.EnterAsync(transaction, name.Tenant, cancellationToken);
        var values = new { name.Tenant, name.Id, spec = JsonFormatter.Default.Format(spec), spec.Paused, secret, now = time.GetUtcNow(), request };
        if (await transaction.ExecuteAsync(sql, values, cancellationToken) == 0)
        {
            const string same = "select 1 from alert_policies where tenant = @Tenant and id = @Id and request_id = @request";
            if (request is null || await transaction.QueryOneAsync<int?>(same, new { name.Tenant, name.Id, request }, cancellationToken) is null)
                throw MeshException.AlreadyExists("ALERT_POLICY_EXISTS", $"The tenant `{name.Tenant}` has a policy `{name.Id}` already.");
        }
        else
        {
            await Quota.OfAlertPolicies.CheckAsync(transaction, name.Tenant, quotas.AlertPolicies, cancellationToken);
        }

        var policy = await FindAsync(transaction, name, "", cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return policy;
    }

    private static async Task<AlertPolicy> FindAsync(
        MeshTransaction transaction, AlertPolicyName name, string lockClause, CancellationToken cancellationToken)
    {
        var sql = $"select {AlertPolicyRow.Columns} from alert_policies where tenant = @Tenant and id = @Id{lockClause}";
        return await transaction.QueryOneAsync<AlertPolicyRow>(sql, new { name.Tenant, name.Id }, cancellationToken) is { } row
            ? row.ToPolicy()
            : throw MeshException.NotFound("ALERT_POLICY_NOT_FOUND", $"The tenant `{name.Tenant}` has no policy `{name.Id}`.");
    }
}
