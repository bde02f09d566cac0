using Mesh.Common.Errors;

namespace Mesh.Ingestion.Scans;

/// <summary>What has come of a scan so far, within the limits of the contract.</summary>
public sealed class ScanParts(bool packagesOnly)
{
    private const int MaxFindings = 20_000, MaxPackages = 100_000, MaxBytes = 32 << 20;
    private readonly Dictionary<(string Id, string Package, string Version), ImageFinding> _findings = [];
    private readonly Dictionary<string, ImagePackage> _packages = new(StringComparer.Ordinal);
    private int _findingCount, _packageCount;
    private long _bytes;

    public IReadOnlyCollection<ImageFinding> Findings => _findings.Values;

    public IReadOnlyCollection<ImagePackage> Packages => _packages.Values;

    public void Add(V1.WriteScanRequest.Types.Batch batch)
    {
        _findingCount += batch.Findings.Count;
        _packageCount += batch.Packages.Count;
        _bytes += batch.CalculateSize();
        if (_findingCount > MaxFindings || _packageCount > MaxPackages || _bytes > MaxBytes)
        {
            throw MeshException.ResourceExhausted(
                "SCAN_TOO_LARGE", $"A scan has at most {MaxFindings} findings, {MaxPackages} packages and {MaxBytes >> 20} MiB.");
        }

        if (packagesOnly && _findingCount > 0)
            throw MeshException.InvalidArgument("batch.findings", "A scan of packages only has no findings.");
        foreach (var finding in batch.Findings.Select(ScanMapping.FromWire))
            _findings[(finding.Id, finding.Package, finding.Version)] = finding;
        foreach (var package in batch.Packages.Select(ScanMapping.FromWire))
            _packages[package.Purl] = package;
    }

    /// <summary>Throws unless all has come.</summary>
    public void Check(V1.WriteScanRequest.Types.Commit commit)
    {
        if (commit.FindingCount != _findingCount || commit.PackageCount != _packageCount)
        {
            throw MeshException.FailedPrecondition(
                "SCAN_INCOMPLETE",
                $"{_findingCount} findings and {_packageCount} packages have come, of {commit.FindingCount} and {commit.PackageCount}.");
        }
    }
}
