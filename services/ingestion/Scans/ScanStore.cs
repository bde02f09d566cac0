using System.Text.Json;
using Mesh.Common.Errors;
using Mesh.Common.Postgres;

namespace Mesh.Ingestion.Scans;

/// <summary>The tables of scans and of what belongs to them.</summary>
public sealed class ScanStore(MeshDatabase database)
{
    private const int RowsAtOnce = 2_000;
    private const string Columns = "tenant, repository, digest, scanner, scan_time, finding_counts, package_count, create_time";
    private const string OfImage = "tenant = @Tenant and repository = @Repository and digest = @Digest";

    // The keys of the rows are the names of the columns.
    private static readonly JsonSerializerOptions s_rows = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Keeps a scan in place of the one that the image had. A later one is not replaced.</summary>
    public async Task<ImageScan> ReplaceAsync(ImageScan given, ScanParts parts, CancellationToken cancellationToken)
    {
        const string put = $"""
            insert into image_scans ({Columns})
            values (@Tenant, @Repository, @Digest, @Scanner, @ScanTime, @FindingCounts, @PackageCount, @CreateTime)
            on conflict (tenant, repository, digest) do update
            set scanner = excluded.scanner, scan_time = excluded.scan_time, finding_counts = excluded.finding_counts,
                package_count = excluded.package_count, create_time = excluded.create_time
            where image_scans.scan_time <= excluded.scan_time
            """;
        const string clear = $"delete from image_findings where {OfImage}; delete from image_packages where {OfImage}";
        var scan = given with { FindingCounts = Counts(parts.Findings), PackageCount = parts.Packages.Count };
        var values = new
        {
            scan.Tenant, scan.Repository, scan.Digest, scan.Scanner, scan.ScanTime, scan.FindingCounts, scan.PackageCount, scan.CreateTime,
        };
        await using var transaction = await database.BeginAsync(scan.Tenant, cancellationToken);
        if (await transaction.ExecuteAsync(put, values, cancellationToken) == 0)
            throw MeshException.FailedPrecondition("SCAN_OUTDATED", $"The image `{scan.Image}` has a later scan.");
        await transaction.ExecuteAsync(clear, new { scan.Tenant, scan.Repository, scan.Digest }, cancellationToken);
        await InsertFindingsAsync(transaction, scan, parts.Findings, cancellationToken);
        await InsertPackagesAsync(transaction, scan, parts.Packages, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return scan;
    }

    public async Task<ImageScan> GetAsync(ImageName image, CancellationToken cancellationToken)
    {
        const string sql = $"select {Columns} from image_scans where {OfImage}";
        await using var transaction = await database.BeginAsync(image.Tenant, cancellationToken);
        return await transaction.QueryOneAsync<ImageScan>(sql, new { image.Tenant, image.Repository, image.Digest }, cancellationToken)
            ?? throw NotFound(image);
    }

    /// <summary>A page of scans of one repository, or of all where it is empty, behind a position.</summary>
    public async Task<IReadOnlyList<ImageScan>> ListAsync(
        string tenant, string repository, (string Repository, string Digest) after, int limit, CancellationToken cancellationToken)
    {
        const string sql = $"""
            select {Columns} from image_scans
            where tenant = @tenant and (@repository = '' or repository = @repository) and (repository, digest) > (@afterRepository, @afterDigest)
            order by repository, digest limit @limit
            """;
        var values = new { tenant, repository, afterRepository = after.Repository, afterDigest = after.Digest, limit };
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        return await transaction.QueryAsync<ImageScan>(sql, values, cancellationToken);
    }

    public async Task DeleteAsync(ImageName image, CancellationToken cancellationToken)
    {
        const string sql = $"delete from image_scans where {OfImage}";
        await using var transaction = await database.BeginAsync(image.Tenant, cancellationToken);
        if (await transaction.ExecuteAsync(sql, new { image.Tenant, image.Repository, image.Digest }, cancellationToken) == 0)
            throw NotFound(image);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>A page of an image's packages behind a package URL.</summary>
    public async Task<IReadOnlyList<ImagePackage>> PackagesAsync(ImageName image, string after, int limit, CancellationToken cancellationToken)
    {
        const string known = $"select 1 from image_scans where {OfImage}";
        const string sql = $"select purl, name, version, licenses from image_packages where {OfImage} and purl > @after order by purl limit @limit";
        await using var transaction = await database.BeginAsync(image.Tenant, cancellationToken);
        var values = new { image.Tenant, image.Repository, image.Digest, after, limit };
        if (await transaction.QueryOneAsync<int?>(known, values, cancellationToken) is null)
            throw NotFound(image);
        return await transaction.QueryAsync<ImagePackage>(sql, values, cancellationToken);
    }

    private static async Task InsertFindingsAsync(
        MeshTransaction transaction, ImageScan scan, IReadOnlyCollection<ImageFinding> findings, CancellationToken cancellationToken)
    {
        const string sql = """
            insert into image_findings (tenant, repository, digest, id, package, version, severity, fixed_version, title, urls)
            select @Tenant, @Repository, @Digest, id, package, version, severity, fixed_version, title, urls
            from jsonb_to_recordset(@rows::jsonb)
                as r(id text, package text, version text, severity smallint, fixed_version text, title text, urls text[])
            """;
        foreach (var chunk in findings.Chunk(RowsAtOnce))
        {
            var rows = chunk.Select(f => new { f.Id, f.Package, f.Version, Severity = (short)f.Severity, f.FixedVersion, f.Title, f.Urls });
            await InsertAsync(transaction, sql, scan, JsonSerializer.Serialize(rows, s_rows), cancellationToken);
        }
    }

    private static async Task InsertPackagesAsync(
        MeshTransaction transaction, ImageScan scan, IReadOnlyCollection<ImagePackage> packages, CancellationToken cancellationToken)
    {
        const string sql = """
            insert into image_packages (tenant, repository, digest, purl, name, version, licenses)
            select @Tenant, @Repository, @Digest, purl, name, version, licenses
            from jsonb_to_recordset(@rows::jsonb) as r(purl text, name text, version text, licenses text[])
            """;
        foreach (var chunk in packages.Chunk(RowsAtOnce))
            await InsertAsync(transaction, sql, scan, JsonSerializer.Serialize(chunk, s_rows), cancellationToken);
    }

    private static Task<int> InsertAsync(MeshTransaction transaction, string sql, ImageScan scan, string rows, CancellationToken cancellationToken) =>
        transaction.ExecuteAsync(sql, new { scan.Tenant, scan.Repository, scan.Digest, rows }, cancellationToken);

    private static int[] Counts(IEnumerable<ImageFinding> findings)
    {
        var counts = new int[(int)V1.FindingSeverity.Critical + 1];
        foreach (var finding in findings)
            counts[(int)finding.Severity]++;
        return counts;
    }

    private static MeshException NotFound(ImageName image) =>
        MeshException.NotFound("SCAN_NOT_FOUND", $"The image `{image}` has not been scanned.");
}
