using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Mesh.Contracts;
using Mesh.Ingestion.Tests.Servers;
using Mesh.Ingestion.V1;

namespace Mesh.Ingestion.Tests.Scans;

/// <summary>A builder as a test drives it.</summary>
internal static class Scanner
{
    public static Metadata Headers { get; } = IngestionProcess.HeadersOf("builder");

    /// <summary>The name of an image whose digest is one character over and over.</summary>
    public static string Image(string repository, char digest) => $"{repository}@sha256:{new string(digest, 64)}";

    public static ImageFinding Finding(string id, FindingSeverity severity, string package = "openssl", string fixedVersion = "") => new()
    {
        Id = id, Severity = severity, Package = package, Version = "1.0", FixedVersion = fixedVersion, Title = $"What {id} is",
        Urls = { $"https://advisories.test/{id}" },
    };

    public static ImagePackage Package(string name) => new() { Purl = $"pkg:deb/debian/{name}@1.0", Name = name, Version = "1.0", Licenses = { "MIT" } };

    /// <summary>Writes a scan in batches of one and commits it.</summary>
    public static async Task<ImageScan> ScanAsync(
        this ScanService.ScanServiceClient client, string image, IReadOnlyList<ImageFinding> findings, IReadOnlyList<ImagePackage>? packages = null,
        DateTimeOffset? time = null, Metadata? headers = null, bool packagesOnly = false)
    {
        using var call = await StartAsync(client, image, time, headers, packagesOnly);
        foreach (var finding in findings)
            await SendAsync(call, new() { Batch = new() { Findings = { finding } } });
        foreach (var package in packages ?? [])
            await SendAsync(call, new() { Batch = new() { Packages = { package } } });
        await SendAsync(call, new() { Commit = new() { FindingCount = findings.Count, PackageCount = packages?.Count ?? 0 } });
        await call.RequestStream.TryCompleteAsync();
        return (await call.ResponseAsync).Scan;
    }

    public static async Task<AsyncClientStreamingCall<WriteScanRequest, WriteScanResponse>> StartAsync(
        this ScanService.ScanServiceClient client, string image, DateTimeOffset? time = null, Metadata? headers = null,
        bool packagesOnly = false)
    {
        var call = client.WriteScan(headers ?? Headers);
        var scan = new ImageScan
        {
            Image = image, Scanner = "test 1", ScanTime = time is { } given ? Timestamp.FromDateTimeOffset(given) : null, PackagesOnly = packagesOnly,
        };
        await SendAsync(call, new() { Start = new() { Scan = scan } });
        return call;
    }

    public static Task SendAsync(AsyncClientStreamingCall<WriteScanRequest, WriteScanResponse> call, WriteScanRequest request) =>
        call.RequestStream.TryWriteAsync(request);

    /// <summary>Tells what is in an image, as a builder does.</summary>
    public static Task<ImageScan> TellAsync(this ScanService.ScanServiceClient client, string image, string[] packages, DateTimeOffset? time = null) =>
        client.ScanAsync(image, [], [.. packages.Select(Package)], time, packagesOnly: true);
}
