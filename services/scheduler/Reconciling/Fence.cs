using Mesh.Common.Consul;
using Mesh.Common.Postgres;

namespace Mesh.Scheduler.Reconciling;

/// <summary>
/// Keeps a leader out that lost the lock unawares: each leader takes a number of its own, and PostgreSQL checks it in every write.
/// </summary>
public sealed class Fence(MeshDatabase database, TimeProvider time)
{
    /// <summary>
    /// Takes the next number for the holder of the lock; writes under any earlier number fail from now on. It is PostgreSQL that
    /// counts. Two who both believe that they hold the lock take their numbers one after the other, and the second look at the lock
    /// refuses the one that has lost it.
    /// </summary>
    /// <param name="claim">The lock.</param>
    /// <param name="holder">Who leads, for people.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async Task<long> TakeAsync(LeaderClaim claim, string holder, CancellationToken cancellationToken)
    {
        const string sql = "update leader set fence = fence + 1, holder = @holder, take_time = @now returning fence";
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        var fence = await transaction.QueryOneAsync<long>(sql, new { holder, now = time.GetUtcNow() }, cancellationToken);
        await claim.ConfirmAsync(cancellationToken);
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
