using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Mesh.Contracts;
using Mesh.Ingestion.V1;

namespace Mesh.Builder.Sboms;

/// <summary>Tells ingestion what is in an image.</summary>
public sealed class SbomSender(ScanService.ScanServiceClient scans, TimeProvider time)
{
    private const string Scanner = "mesh-builder";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Sends all packages of an image as one scan. Doing it again changes nothing.</summary>
    /// <exception cref="RpcException">Ingestion did not take it.</exception>
    public async Task SendAsync(WaitingSbom sbom, CancellationToken cancellationToken)
    {
        // Read before the call begins: a fault of ours is none of ingestion's.
        var packages = SbomPackages.Read(sbom.Sbom);
        using var call = scans.WriteScan(deadline: (time.GetUtcNow() + Patience).UtcDateTime, cancellationToken: cancellationToken);
        await call.RequestStream.TryWriteAllAsync(Messages(sbom, packages).ToAsyncEnumerable(), cancellationToken);
        // Where ingestion ended the call early, its answer says why.
        await call.ResponseAsync;
    }

    private static IEnumerable<WriteScanRequest> Messages(WaitingSbom sbom, IEnumerable<ImagePackage> packages)
    {
        var scan = new ImageScan
        {
            Image = sbom.Image, Scanner = Scanner, ScanTime = Timestamp.FromDateTimeOffset(sbom.BuildTime), PackagesOnly = true,
        };
        yield return new() { Start = new() { Scan = scan } };
        var count = 0;
        foreach (var batch in SbomPackages.Batches(packages))
        {
            yield return new() { Batch = batch };
            count += batch.Packages.Count;
        }
        yield return new() { Commit = new() { PackageCount = count } };
    }
}
