namespace Mesh.Ingestion.Scans;

/// <summary>The last scan of one image.</summary>
public sealed record ImageScan
{
    public string Tenant { get; init; } = "";

    public string Repository { get; init; } = "";

    public string Digest { get; init; } = "";

    public string Scanner { get; init; } = "";

    public DateTimeOffset ScanTime { get; init; }

    /// <summary>How many findings there are, by the number of the severity in the contract.</summary>
    public int[] FindingCounts { get; init; } = [];

    public int PackageCount { get; init; }

    public DateTimeOffset CreateTime { get; init; }

    /// <summary>Nobody looked for findings: that there are none says nothing.</summary>
    public bool PackagesOnly { get; init; }

    public ImageName Image => new(Tenant, Repository, Digest);
}

/// <summary>One thing that is wrong with an image.</summary>
public sealed record ImageFinding
{
    public string Tenant { get; init; } = "";

    public string Repository { get; init; } = "";

    public string Digest { get; init; } = "";

    public required string Id { get; init; }

    public V1.FindingSeverity Severity { get; init; }

    public required string Package { get; init; }

    public string Version { get; init; } = "";

    public string FixedVersion { get; init; } = "";

    public string Title { get; init; } = "";

    public string[] Urls { get; init; } = [];

    public DateTimeOffset ScanTime { get; init; }

    public ImageName Image => new(Tenant, Repository, Digest);
}

/// <summary>One package that is in an image.</summary>
public sealed record ImagePackage
{
    public required string Purl { get; init; }

    public required string Name { get; init; }

    public string Version { get; init; } = "";

    public string[] Licenses { get; init; } = [];
}
