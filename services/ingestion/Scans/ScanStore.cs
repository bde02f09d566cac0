using System.Text.Json;
using Mesh.Common.Errors;
using Mesh.Common.Postgres;

namespace Mesh.Ingestion.Scans;

/// <summary>The tables of scans and of what belongs to them.</summary>
public sealed class ScanStore(MeshDatabase database)
{
    private const int RowsAtOnce = 2_000;
    private const string Columns = "tenant, repository, digest, scanner, scan_time, finding_counts, package_count, create_time, packages_only";
    private const string OfImage = "tenant = @Tenant and repository = @Repository and digest = @Digest";

    // The keys of the rows are the names of the columns.
    private static readonly JsonSerializerOptions s_rows = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>
    /// Keeps a scan in place of the one that the image had, and answers what is kept. A later one is not replaced, but one of packages only
    /// is; a scan of packages only takes nothing from one that looked for findings. Where a scan has no packages, those that are known stay.
    /// </summary>
    public async Task<ImageScan> ReplaceAsync(ImageScan given, ScanParts parts, CancellationToken cancellationToken)
    {
        const string put = $"""
            insert into image_scans ({Columns})
            values (@Tenant, @Repository, @Digest, @Scanner, @ScanTime, @FindingCounts, @PackageCount, @CreateTime, @PackagesOnly)
            on conflict (tenant, repository, digest) do update
            set scanner = excluded.scanner, scan_time = excluded.scan_time, finding_counts = excluded.finding_counts,
                package_count = coalesce(nullif(excluded.package_count, 0), image_scans.package_count),
                create_time = excluded.create_time, packages_only = excluded.packages_only
            where case when image_scans.packages_only = excluded.packages_only then image_scans.scan_time <= excluded.scan_time
                else image_scans.packages_only end
            """;
        // A scan that was not put has locked the row as well.
        const string fill = $"""
            update image_scans set package_count = @PackageCount
            where {OfImage} and @PackagesOnly and not packages_only and package_count = 0
            """;
        const string kept = $"select {Columns} from image_scans where {OfImage}";
        const string clearFindings = $"delete from image_findings where {OfImage}";
        const string clearPackages = $"delete from image_packages where {OfImage}";
        var scan = given with { FindingCounts = Counts(parts.Findings), PackageCount = parts.Packages.Count };
        var values = new
        {
            scan.Tenant, scan.Repository, scan.Digest, scan.Scanner, scan.ScanTime, scan.FindingCounts, scan.PackageCount, scan.CreateTime,
            scan.PackagesOnly,
        };
        await using var transaction = await database.BeginAsync(scan.Tenant, cancellationToken);
        var isPut = await transaction.ExecuteAsync(put, values, cancellationToken) > 0;
        if (!isPut && !scan.PackagesOnly)
            throw MeshException.FailedPrecondition("SCAN_OUTDATED", $"The image `{scan.Image}` has a later scan.");
        if (isPut)
        {
            await transaction.ExecuteAsync(clearFindings, values, cancellationToken);
            await InsertFindingsAsync(transaction, scan, parts.Findings, cancellationToken);
        }

        if (scan.PackageCount > 0 && (isPut || await transaction.ExecuteAsync(fill, values, cancellationToken) > 0))
        {
            await transaction.ExecuteAsync(clearPackages, values, cancellationToken);
            await InsertPackagesAsync(transaction, scan, parts.Packages, cancellationToken);
        }

        var result = await transaction.QueryOneAsync<ImageScan>(kept, values, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return result!;
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

    /// <summary>Those of some images of a tenant in which nobody has looked for findings, by name.</summary>
    public async Task<IReadOnlyList<ImageName>> UnexaminedAsync(
        string tenant, IReadOnlyCollection<ImageName> images, int limit, CancellationToken cancellationToken)
    {
        const string sql = """
            select @tenant as tenant, i.repository, i.digest from unnest(@repositories::text[], @digests::text[]) as i(repository, digest)
            where not exists (
                select from image_scans s
                where s.tenant = @tenant and s.repository = i.repository and s.digest = i.digest and not s.packages_only)
            order by i.repository, i.digest limit @limit
            """;
        if (images.Count == 0)
            return [];
        var values = new
        {
            tenant, limit, repositories = images.Select(image => image.Repository).ToArray(), digests = images.Select(image => image.Digest).ToArray(),
        };
        await using var transaction = await database.BeginAsync(tenant, cancellationToken);
        return await transaction.QueryAsync<ImageName>(sql, values, cancellationToken);
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
