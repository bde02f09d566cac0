using Mesh.Common.Postgres;

namespace Mesh.Builder.Builds;

/// <summary>The logs, in pieces, kept as long as their builds.</summary>
public sealed class BuildLogStore(MeshDatabase database)
{
    /// <summary>Reads from a position on; empty when there is nothing yet.</summary>
    public async Task<byte[]> ReadAsync(string tenant, Guid uid, long position, CancellationToken cancellationToken)
    {
        const string sql = """
            select position, data from build_log
            where build_uid = @Uid and position + length(data) > @Position
            order by position limit 16
            """;
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        var pieces = await transaction.QueryAsync<(long Position, byte[] Data)>(sql, new { Uid = uid, Position = position }, cancellationToken);
        return [.. pieces.SelectMany(piece => piece.Data.Skip((int)Math.Max(0, position - piece.Position)))];
    }

    /// <summary>Adds to the end of a log. The caller's transaction holds the build's row.</summary>
    internal static Task AppendAsync(MeshTransaction transaction, Guid uid, byte[] data, CancellationToken cancellationToken)
    {
        const string sql = """
            with grown as (
                update builds set log_size = log_size + length(@Data) where uid = @Uid returning tenant, uid, log_size
            )
            insert into build_log (tenant, build_uid, position, data)
            select tenant, uid, log_size - length(@Data), @Data from grown
            """;
        return transaction.ExecuteAsync(sql, new { Uid = uid, Data = data }, cancellationToken);
    }
}
