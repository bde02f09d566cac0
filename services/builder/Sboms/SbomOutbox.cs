using Mesh.Builder.Builds;
using Mesh.Common.Postgres;

namespace Mesh.Builder.Sboms;

/// <summary>The SBOMs that ingestion has yet to be told of.</summary>
public sealed class SbomOutbox(MeshDatabase database, TimeProvider time)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Adds the SBOM of an image to the transaction of the build that pushed it. One that waits for the same image is as good, and the build
    /// does not wait for whoever tells of that one now.
    /// </summary>
    internal static async Task AddAsync(MeshTransaction transaction, WaitingSbom sbom, CancellationToken cancellationToken)
    {
        const string sql = """
            insert into sbom_outbox (tenant, app, digest, sbom, build_time, not_before)
            values (@Tenant, @App, @Digest, @Sbom, @BuildTime, @BuildTime)
            on conflict (tenant, app, digest) do nothing
            """;
        await transaction.ExecuteAsync(sql, new { sbom.Tenant, sbom.App, sbom.Digest, sbom.Sbom, sbom.BuildTime }, cancellationToken);
        await transaction.ExecuteAsync("select pg_notify(@Sboms, '')", new { BuildChannels.Sboms }, cancellationToken);
    }

    /// <summary>
    /// Takes the SBOM that is due first and holds its row, which nobody else takes then, until the answer is disposed or this program dies;
    /// null when none is due.
    /// </summary>
    public async Task<ClaimedSbom?> ClaimAsync(CancellationToken cancellationToken)
    {
        const string sql = """
            select tenant, app, digest, sbom, build_time, attempts from sbom_outbox
            where not_before <= @Now order by not_before limit 1 for update skip locked
            """;
        var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        try
        {
            if (await transaction.QueryOneAsync<WaitingSbom>(sql, new { Now = time.GetUtcNow() }, cancellationToken) is { } sbom)
                return new ClaimedSbom(transaction, sbom);
        }
        catch
        {
            await transaction.DisposeAsync();
            throw;
        }
        await transaction.DisposeAsync();
        return null;
    }

    /// <summary>When the next one is due; null when none waits.</summary>
    public async Task<DateTimeOffset?> NextAsync(CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        return await transaction.QueryOneAsync<DateTimeOffset?>("select min(not_before) from sbom_outbox", null, cancellationToken);
    }

    /// <summary>Ingestion has it, or will never take it.</summary>
    public static async Task RemoveAsync(ClaimedSbom claimed, CancellationToken cancellationToken)
    {
        const string sql = "delete from sbom_outbox where tenant = @Tenant and app = @App and digest = @Digest";
        await claimed.Transaction.ExecuteAsync(sql, Key(claimed.Sbom), cancellationToken);
        await claimed.Transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Puts it off: each time twice as long, up to a minute, with jitter.</summary>
    public async Task PutOffAsync(ClaimedSbom claimed, CancellationToken cancellationToken)
    {
        const string sql = """
            update sbom_outbox set attempts = attempts + 1, not_before = @NotBefore where tenant = @Tenant and app = @App and digest = @Digest
            """;
        var key = Key(claimed.Sbom);
        // Hash codes differ from image to image and from program to program.
        key.Add("NotBefore", time.GetUtcNow() + PauseAfter(claimed.Sbom.Attempts, new Random(HashCode.Combine(claimed.Sbom.Digest, claimed.Sbom.Attempts)).NextDouble()));
        await claimed.Transaction.ExecuteAsync(sql, key, cancellationToken);
        await claimed.Transaction.CommitAsync(cancellationToken);
    }

    /// <summary>How long to wait after some failed attempts, with a chance between 0 and 1.</summary>
    public static TimeSpan PauseAfter(int attempts, double chance)
    {
        var whole = Math.Min(LongestPause.TotalSeconds, Math.Pow(2, Math.Min(attempts, 10)));
        return TimeSpan.FromSeconds(whole * (1 + chance) / 2);
    }

    private static Dapper.DynamicParameters Key(WaitingSbom sbom) => new(new { sbom.Tenant, sbom.App, sbom.Digest });
}

/// <summary>The SBOM of a pushed image.</summary>
public sealed record WaitingSbom
{
    public required string Tenant { get; init; }

    public required string App { get; init; }

    /// <summary>Of the image.</summary>
    public required string Digest { get; init; }

    /// <summary>CycloneDX JSON.</summary>
    public required byte[] Sbom { get; init; }

    public required DateTimeOffset BuildTime { get; init; }

    /// <summary>How often ingestion could not be told.</summary>
    public int Attempts { get; init; }

    /// <summary>The image, as the registry and the scheduler name it.</summary>
    public string Image => $"{Tenant}/{App}@{Digest}";
}

/// <summary>An SBOM whose row is held by a transaction.</summary>
public sealed record ClaimedSbom(MeshTransaction Transaction, WaitingSbom Sbom) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Transaction.DisposeAsync();
}
