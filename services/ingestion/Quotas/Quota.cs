using Mesh.Common.Errors;
using Mesh.Common.Postgres;

namespace Mesh.Ingestion.Quotas;

/// <summary>How many rows of a table a tenant may have. It is kept by the transaction that inserts one.</summary>
/// <param name="Table">The table, which has a column `tenant`.</param>
/// <param name="Things">What a row is, for people; several of them.</param>
/// <param name="Reason">The error's reason where there would be more.</param>
internal sealed record Quota(string Table, string Things, string Reason)
{
    public static Quota OfTargets { get; } = new("targets", "targets", "TOO_MANY_TARGETS");

    public static Quota OfAlertPolicies { get; } = new("alert_policies", "alert policies", "TOO_MANY_ALERT_POLICIES");

    /// <summary>Before the insert: those of one tenant come one after another, so that all see how many rows there are.</summary>
    public async Task EnterAsync(MeshTransaction transaction, string tenant, CancellationToken cancellationToken)
    {
        const string alone = "select pg_advisory_xact_lock(hashtextextended(@key, 0))";
        await transaction.ExecuteAsync(alone, new { key = $"{Table}/{tenant}" }, cancellationToken);
    }

    /// <summary>After the insert: RESOURCE_EXHAUSTED, and with it the end of the transaction, where the tenant has more than that now.</summary>
    public async Task CheckAsync(MeshTransaction transaction, string tenant, int most, CancellationToken cancellationToken)
    {
        var beyond = $"select 1 from {Table} where tenant = @tenant offset @most limit 1";
        if (await transaction.QueryOneAsync<int?>(beyond, new { tenant, most }, cancellationToken) is not null)
            throw MeshException.ResourceExhausted(Reason, $"The tenant `{tenant}` has {most} {Things}, and may have no more.");
    }
}
