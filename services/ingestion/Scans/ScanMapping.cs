using System.Text;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Mesh.Common.Errors;
using Mesh.Common.Names;

namespace Mesh.Ingestion.Scans;

/// <summary>Between the wire's scans, findings and packages and ours.</summary>
internal static class ScanMapping
{
    private const int MaxShort = 200, MaxName = 500, MaxLong = 1000, MaxItems = 20;
    private static readonly TimeSpan Ahead = TimeSpan.FromHours(1);

    /// <summary>The scan that a caller begins, without what follows.</summary>
    public static ImageScan FromWire(V1.ImageScan? wire, DateTimeOffset now)
    {
        if (wire is null)
            throw MeshException.InvalidArgument("start.scan", "A scan is required.");
        var image = ImageName.Parse(wire.Image, "start.scan.image");
        var time = wire.ScanTime?.ToDateTimeOffset() ?? now;
        if (time > now + Ahead)
            throw MeshException.InvalidArgument("start.scan.scan_time", "The time lies in the future.");
        return new ImageScan
        {
            Tenant = image.Tenant,
            Repository = image.Repository,
            Digest = image.Digest,
            Scanner = Text(wire.Scanner, "start.scan.scanner", MaxShort),
            // As the database keeps it.
            ScanTime = time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond)),
            CreateTime = now,
            PackagesOnly = wire.PackagesOnly,
        };
    }

    public static ImageFinding FromWire(V1.ImageFinding wire) => new()
    {
        Id = Required(wire.Id, "batch.findings.id", MaxShort),
        Severity = System.Enum.IsDefined(wire.Severity)
            ? wire.Severity : throw MeshException.InvalidArgument("batch.findings.severity", "This severity is not known."),
        Package = Required(wire.Package, "batch.findings.package", MaxName),
        Version = Text(wire.Version, "batch.findings.version", MaxShort),
        FixedVersion = Text(wire.FixedVersion, "batch.findings.fixed_version", MaxShort),
        Title = Text(wire.Title, "batch.findings.title", MaxLong),
        Urls = [.. Few(wire.Urls, "batch.findings.urls").Select(Url)],
    };

    public static ImagePackage FromWire(V1.ImagePackage wire) => new()
    {
        Purl = Required(wire.Purl, "batch.packages.purl", MaxLong),
        Name = Required(wire.Name, "batch.packages.name", MaxName),
        Version = Text(wire.Version, "batch.packages.version", MaxShort),
        Licenses = [.. Few(wire.Licenses, "batch.packages.licenses").Select(value => Text(value, "batch.packages.licenses", MaxShort))],
    };

    public static V1.ImageScan ToWire(this ImageScan scan, RunningSet? running)
    {
        var wire = new V1.ImageScan
        {
            Name = scan.Image.Scan,
            Image = scan.Image.ToString(),
            Scanner = scan.Scanner,
            ScanTime = Timestamp.FromDateTimeOffset(scan.ScanTime),
            PackageCount = scan.PackageCount,
            CreateTime = Timestamp.FromDateTimeOffset(scan.CreateTime),
            PackagesOnly = scan.PackagesOnly,
        };
        foreach (var severity in System.Enum.GetValues<V1.FindingSeverity>().Where(severity => scan.FindingCounts[(int)severity] > 0))
            wire.FindingCounts.Add(severity.ToString().ToLowerInvariant(), scan.FindingCounts[(int)severity]);
        wire.RunningWorkloads.Add(running?.WorkloadsOf(scan.Image) ?? []);
        return wire;
    }

    public static V1.ImageFinding ToWire(this ImageFinding finding, RunningSet? running)
    {
        var wire = new V1.ImageFinding
        {
            Id = finding.Id,
            Severity = finding.Severity,
            Package = finding.Package,
            Version = finding.Version,
            FixedVersion = finding.FixedVersion,
            Title = finding.Title,
            Image = finding.Image.ToString(),
            App = new AppName(finding.Tenant, finding.Repository).ToString(),
            ScanTime = Timestamp.FromDateTimeOffset(finding.ScanTime),
        };
        wire.Urls.Add(finding.Urls);
        wire.RunningWorkloads.Add(running?.WorkloadsOf(finding.Image) ?? []);
        return wire;
    }

    public static V1.ImagePackage ToWire(this ImagePackage package)
    {
        var wire = new V1.ImagePackage { Purl = package.Purl, Name = package.Name, Version = package.Version };
        wire.Licenses.Add(package.Licenses);
        return wire;
    }

    private static string Required(string value, string field, int longest) =>
        value.Length > 0 ? Text(value, field, longest) : throw MeshException.InvalidArgument(field, "It is required.");

    private static string Text(string value, string field, int longest) =>
        Encoding.UTF8.GetByteCount(value) <= longest && !value.Any(char.IsControl)
            ? value
            : throw MeshException.InvalidArgument(field, $"At most {longest} bytes without control characters are allowed.");

    private static RepeatedField<string> Few(RepeatedField<string> values, string field) =>
        values.Count <= MaxItems ? values : throw MeshException.InvalidArgument(field, $"At most {MaxItems} are allowed.");

    private static string Url(string value) =>
        Uri.TryCreate(value, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps)
            ? Text(value, "batch.findings.urls", MaxLong)
            : throw MeshException.InvalidArgument("batch.findings.urls", "An absolute http or https URL is required.");
}
