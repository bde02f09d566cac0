using System.Runtime.InteropServices;
using Mesh.Common.Postgres;

namespace Mesh.Ingestion.Targets;

/// <summary>Which series each target showed last. It is written only where that changes.</summary>
public sealed class TargetSeriesStore(MeshDatabase database)
{
    // More would make the row too large to be written at each change.
    private const int MaxSeries = 100_000;

    /// <summary>The turn that found what is kept, 0 where nothing is, and the series unless that is the turn that is known.</summary>
    public async Task<(long Turn, HashSet<ulong>? Series)> ReadAsync(TargetName name, long known, CancellationToken cancellationToken)
    {
        const string sql = """
            select turn, case when turn = @known then null else series end as series from target_series where tenant = @Tenant and target = @Id
            """;
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        var kept = await transaction.QueryOneAsync<KeptSeries>(sql, new { name.Tenant, name.Id, known }, cancellationToken);
        return kept is null ? (0, []) : (kept.Turn, kept.Series is null ? null : Parse(kept.Series));
    }

    /// <summary>Keeps what a turn found, unless a later one has found something.</summary>
    public async Task KeepAsync(TargetName name, long turn, HashSet<ulong> series, CancellationToken cancellationToken)
    {
        const string sql = """
            insert into target_series (tenant, target, turn, series)
            select tenant, id, @turn, @bytes from targets where tenant = @Tenant and id = @Id
            on conflict (tenant, target) do update set turn = excluded.turn, series = excluded.series
            where target_series.turn < excluded.turn
            """;
        ulong[] ids = series.Count > MaxSeries ? [] : [.. series];
        var values = new { name.Tenant, name.Id, turn, bytes = MemoryMarshal.AsBytes(ids.AsSpan()).ToArray() };
        await using var transaction = await database.BeginAsync(name.Tenant, cancellationToken);
        await transaction.ExecuteAsync(sql, values, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    internal static HashSet<ulong> Parse(byte[] bytes) => [.. MemoryMarshal.Cast<byte, ulong>(bytes)];

    private sealed record KeptSeries
    {
        public long Turn { get; init; }

        public byte[]? Series { get; init; }
    }
}
