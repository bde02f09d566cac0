using Mesh.Common.Errors;
using Mesh.Common.Postgres;

namespace Mesh.Controller.Requests;

/// <summary>
/// Makes creates idempotent: the first request with an id leaves the name of what it made, in the same transaction; a repeated one
/// finds it. Two at once: the second waits for the first one's commit.
/// </summary>
internal static class RequestLog
{
    /// <summary>
    /// Claims a request id for a resource that this transaction makes. Null: go on. Otherwise the name that an earlier request
    /// with this id made.
    /// </summary>
    public static async Task<string?> ClaimAsync(
        MeshTransaction transaction, string method, string requestId, string resource, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (requestId.Length == 0) return null;
        if (!Guid.TryParse(requestId, out var id)) throw MeshException.InvalidArgument("request_id", "A request id is a UUID.");
        const string claim = """
            insert into requests (tenant, method, request_id, resource, create_time)
            values (@tenant, @method, @id, @resource, @now)
            on conflict do nothing
            """;
        var tenant = transaction.Tenant;
        if (await transaction.ExecuteAsync(claim, new { tenant, method, id, resource, now }, cancellationToken) == 1) return null;
        const string find = "select resource from requests where tenant = @tenant and method = @method and request_id = @id";
        return await transaction.QueryOneAsync<string>(find, new { tenant, method, id }, cancellationToken);
    }

    /// <summary>Names the resource of a claim whose name was not known when it was made.</summary>
    public static Task NameAsync(
        MeshTransaction transaction, string method, string requestId, string resource, CancellationToken cancellationToken)
    {
        if (requestId.Length == 0) return Task.CompletedTask;
        const string sql = "update requests set resource = @resource where tenant = @tenant and method = @method and request_id = @id";
        return transaction.ExecuteAsync(sql, new { transaction.Tenant, method, id = Guid.Parse(requestId), resource }, cancellationToken);
    }
}
