using System.Globalization;
using Mesh.Common.Postgres;

namespace Mesh.Ingestion.Scans;

/// <summary>Reads the table of findings.</summary>
public sealed class FindingStore(MeshDatabase database)
{
    private const string Filter = """
        f.tenant = @Tenant and f.severity >= @severity and (@Repository = '' or f.repository = @Repository)
        and (@Digest = '' or f.digest = @Digest) and (@Id = '' or f.id = @Id) and (not @FixableOnly or f.fixed_version <> '')
        and (@any or (f.repository, f.digest) in (select * from unnest(@repositories::text[], @digests::text[])))
        """;

    // Where each label of a group comes from.
    private static readonly Dictionary<string, string> s_keys = new(StringComparer.Ordinal)
    {
        ["app"] = "f.repository", ["image"] = "f.tenant || '/' || f.repository || '@' || f.digest", ["id"] = "f.id",
    };

    /// <summary>The labels by which findings can be grouped.</summary>
    public static IReadOnlyCollection<string> Labels => s_keys.Keys;

    /// <summary>A page of findings, the worst first, behind the last of the page before.</summary>
    public async Task<IReadOnlyList<ImageFinding>> ListAsync(FindingFilter filter, string? after, int limit, CancellationToken cancellationToken)
    {
        const string sql = $"""
            select f.tenant, f.repository, f.digest, f.id, f.package, f.version, f.severity, f.fixed_version, f.title, f.urls, s.scan_time
            from image_findings f join image_scans s using (tenant, repository, digest)
            where {Filter} and (@rank::int is null
                or (-f.severity, f.id, f.package, f.version, f.repository, f.digest) > (@rank, @id0, @package, @version, @repository0, @digest0))
            order by -f.severity, f.id, f.package, f.version, f.repository, f.digest
            limit @limit
            """;
        var last = after?.Split('\n') ?? ["", "", "", "", "", ""];
        var values = Values(filter);
        values.AddDynamicParams(new
        {
            rank = after is null ? (int?)null : int.Parse(last[0], CultureInfo.InvariantCulture),
            id0 = last[1], package = last[2], version = last[3], repository0 = last[4], digest0 = last[5], limit,
        });
        await using var transaction = await database.BeginAsync(filter.Tenant, cancellationToken);
        return await transaction.QueryAsync<ImageFinding>(sql, values, cancellationToken);
    }

    /// <summary>Where a finding stands in the order of the list. Its texts have no control characters.</summary>
    public static string PositionOf(ImageFinding finding) => string.Join(
        '\n', (-(int)finding.Severity).ToString(CultureInfo.InvariantCulture), finding.Id, finding.Package, finding.Version, finding.Repository,
        finding.Digest);

    /// <summary>How many findings there are for each set of values of some labels, where there are enough.</summary>
    public async Task<IReadOnlyList<FindingCount>> CountAsync(
        FindingFilter filter, IReadOnlyList<string> labels, long least, int limit, CancellationToken cancellationToken)
    {
        var sql = $"""
            select array[{string.Join(", ", labels.Select(label => s_keys[label]))}]::text[] as keys, count(*) as count
            from image_findings f where {Filter}
            group by 1 having count(*) >= @least order by 1 limit @limit
            """;
        var values = Values(filter);
        values.AddDynamicParams(new { least, limit });
        await using var transaction = await database.BeginAsync(filter.Tenant, cancellationToken);
        return await transaction.QueryAsync<FindingCount>(sql, values, cancellationToken);
    }

    private static Dapper.DynamicParameters Values(FindingFilter filter) => new(new
    {
        filter.Tenant, severity = (short)filter.Severity, filter.Repository, filter.Digest, filter.Id, filter.FixableOnly,
        any = filter.Images is null,
        repositories = filter.Images?.Select(image => image.Repository).ToArray() ?? [],
        digests = filter.Images?.Select(image => image.Digest).ToArray() ?? [],
    });
}

/// <summary>How many findings have these values of the labels that were asked for.</summary>
public sealed record FindingCount
{
    public string[] Keys { get; init; } = [];

    public long Count { get; init; }
}
