using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
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
        try
        {
            await WriteAsync(call.RequestStream, sbom, packages, cancellationToken);
        }
        catch (Exception error) when (error is RpcException or InvalidOperationException)
        {
            // Ingestion ended the call early: its answer says why.
        }
        await call.ResponseAsync;
    }

    private static async Task WriteAsync(
        IClientStreamWriter<WriteScanRequest> stream, WaitingSbom sbom, IEnumerable<ImagePackage> packages, CancellationToken cancellationToken)
    {
        var scan = new ImageScan
        {
            Image = sbom.Image, Scanner = Scanner, ScanTime = Timestamp.FromDateTimeOffset(sbom.BuildTime), PackagesOnly = true,
        };
        await stream.WriteAsync(new() { Start = new() { Scan = scan } }, cancellationToken);
        var count = 0;
        foreach (var batch in SbomPackages.Batches(packages))
        {
            await stream.WriteAsync(new() { Batch = batch }, cancellationToken);
            count += batch.Packages.Count;
        }
        await stream.WriteAsync(new() { Commit = new() { PackageCount = count } }, cancellationToken);
        await stream.CompleteAsync();
    }
}
