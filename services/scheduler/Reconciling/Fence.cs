using Mesh.Common.Postgres;

namespace Mesh.Scheduler.Reconciling;

/// <summary>
/// Keeps a leader out that lost the lock unawares: each leader takes a number of its own, and PostgreSQL checks it in every write.
/// </summary>
public sealed class Fence(MeshDatabase database, TimeProvider time)
{
    /// <summary>Takes the next number for the holder of the lock; writes under any earlier number fail from now on.</summary>
    /// <param name="lockToken">The lock's own number; used as it is unless Consul began to count anew.</param>
    /// <param name="holder">Who leads, for people.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async Task<long> TakeAsync(long lockToken, string holder, CancellationToken cancellationToken)
    {
        const string sql = """
            update leader set fence = greatest(fence + 1, @lockToken), holder = @holder, take_time = @now returning fence
            """;
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        var fence = await transaction.QueryOneAsync<long>(sql, new { lockToken, holder, now = time.GetUtcNow() }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return fence;
    }

    /// <summary>Begins a transaction that commits only while the number is the newest: the next leader waits for it or shuts it out.</summary>
    /// <exception cref="FencedException">Another leader has taken over.</exception>
    public async Task<MeshTransaction> BeginAsync(long fence, CancellationToken cancellationToken)
    {
        const string sql = "select fence from leader where fence = @fence for share";
        var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        try
        {
            if (await transaction.QueryOneAsync<long?>(sql, new { fence }, cancellationToken) is null)
                throw new FencedException(fence);
            return transaction;
        }
        catch
        {
            await transaction.DisposeAsync();
            throw;
        }
    }
}

/// <summary>Another leader has taken over.</summary>
public sealed class FencedException(long fence) : Exception($"The leader with the fence {fence} has been replaced.");
