using Google.Protobuf;
using Mesh.Common.Errors;
using Mesh.Common.Postgres;

namespace Mesh.Scheduler.Workloads;

/// <summary>Remembers answers by request id for a day, so that a repeated request is answered as the first was.</summary>
public sealed class RequestStore(TimeProvider time)
{
    /// <summary>The request id as a value; null when none was given.</summary>
    public static Guid? Parse(string requestId) => requestId.Length == 0
        ? null
        : Guid.TryParse(requestId, out var id) ? id : throw MeshException.InvalidArgument("request_id", "It must be empty or a UUID.");

    /// <summary>Answers as before, or makes the answer and remembers it in the same transaction.</summary>
    public async Task<T> OnceAsync<T>(
        MeshTransaction transaction, Guid? id, string tenant, Func<Task<T>> answer, CancellationToken cancellationToken)
        where T : IMessage<T>, new()
    {
        if (id is null)
            return await answer();
        // The row is claimed first: of two equal requests at the same moment the second one waits here for the first.
        const string claim = """
            insert into requests (tenant, id, response, create_time) values (@tenant, @id, '', @now) on conflict do nothing
            """;
        const string read = "select response from requests where tenant = @tenant and id = @id";
        const string write = "update requests set response = @response where tenant = @tenant and id = @id";
        if (await transaction.ExecuteAsync(claim, new { tenant, id, now = time.GetUtcNow() }, cancellationToken) == 0)
        {
            var bytes = await transaction.QueryOneAsync<byte[]>(read, new { tenant, id }, cancellationToken);
            return new MessageParser<T>(() => new T()).ParseFrom(bytes);
        }
        var response = await answer();
        await transaction.ExecuteAsync(write, new { tenant, id, response = response.ToByteArray() }, cancellationToken);
        return response;
    }
}
