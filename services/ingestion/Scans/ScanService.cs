using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Common.Paging;
using Part = Mesh.Ingestion.V1.WriteScanRequest.PartOneofCase;

namespace Mesh.Ingestion.Scans;

/// <summary>The wire of scan results.</summary>
public sealed class ScanService(ScanStore scans, FindingStore findings, RunningImages running, ScanGate gate, TimeProvider time)
    : V1.ScanService.ScanServiceBase
{
    private const int MaxUnexamined = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public override async Task<V1.WriteScanResponse> WriteScan(IAsyncStreamReader<V1.WriteScanRequest> requestStream, ServerCallContext context)
    {
        // Mesh's other programs hold every permission; of them only this one knows what is in an image.
        if (context.Principal() is { IsService: true, Service: not "builder" })
            throw MeshException.PermissionDenied("PERMISSION_DENIED", "Only the builder and operators write scans.");
        using var place = gate.Enter();
        if (await NextAsync(requestStream, context) is not { PartCase: Part.Start } first)
            throw MeshException.InvalidArgument("start", "The first message of a stream must start the scan.");
        var scan = ScanMapping.FromWire(first.Start.Scan, time.GetUtcNow());
        var parts = new ScanParts(scan.PackagesOnly);
        while (await NextAsync(requestStream, context) is { } request)
        {
            switch (request.PartCase)
            {
                case Part.Batch:
                    parts.Add(request.Batch);
                    break;
                case Part.Commit:
                    parts.Check(request.Commit);
                    var kept = await scans.ReplaceAsync(scan, parts, context.CancellationToken);
                    return new V1.WriteScanResponse { Scan = kept.ToWire(await running.FindAsync(kept.Tenant, context.CancellationToken)) };
                default:
                    throw MeshException.InvalidArgument("part", "A batch or the commit must follow the start.");
            }
        }

        throw MeshException.InvalidArgument("commit", "The stream ended without a commit.");
    }

    public override async Task<V1.GetScanResponse> GetScan(V1.GetScanRequest request, ServerCallContext context)
    {
        var scan = await scans.GetAsync(ImageName.ParseScan(request.Name), context.CancellationToken);
        return new V1.GetScanResponse { Scan = scan.ToWire(await running.FindAsync(scan.Tenant, context.CancellationToken)) };
    }

    public override async Task<V1.ListScansResponse> ListScans(V1.ListScansRequest request, ServerCallContext context)
    {
        var (tenant, repository) = ParseRepository(request.Parent);
        var size = PageToken.Size(request.PageSize);
        var after = PageToken.Decode(request.PageToken, request.Parent)?.Split('@') ?? ["", ""];
        var page = await scans.ListAsync(tenant, repository, (after[0], after[1]), size + 1, context.CancellationToken);
        var known = await running.FindAsync(tenant, context.CancellationToken);
        var response = new V1.ListScansResponse();
        response.Scans.AddRange(page.Take(size).Select(scan => scan.ToWire(known)));
        if (page.Count > size)
            response.NextPageToken = PageToken.Encode($"{page[size - 1].Repository}@{page[size - 1].Digest}", request.Parent);
        return response;
    }

    public override async Task<V1.DeleteScanResponse> DeleteScan(V1.DeleteScanRequest request, ServerCallContext context)
    {
        await scans.DeleteAsync(ImageName.ParseScan(request.Name), context.CancellationToken);
        return new V1.DeleteScanResponse();
    }

    public override async Task<V1.ListFindingsResponse> ListFindings(V1.ListFindingsRequest request, ServerCallContext context)
    {
        var question = request.Clone();
        (question.PageSize, question.PageToken) = (0, "");
        var size = PageToken.Size(request.PageSize);
        var after = PageToken.Decode(request.PageToken, question.ToString());
        var filter = FindingRequest.Filter(request);
        var known = FindingRequest.NeedsRunning(request)
            ? await running.GetAsync(filter.Tenant, context.CancellationToken)
            : await running.FindAsync(filter.Tenant, context.CancellationToken);
        if (FindingRequest.NeedsRunning(request))
            filter = filter with { Images = known!.Images(request.Workload) };
        var page = await findings.ListAsync(filter, after, size + 1, context.CancellationToken);
        var response = new V1.ListFindingsResponse { RunningTime = known is null ? null : Timestamp.FromDateTimeOffset(known.Time) };
        response.Findings.AddRange(page.Take(size).Select(finding => finding.ToWire(known)));
        var unexamined = await scans.UnexaminedAsync(filter.Tenant, FindingRequest.Images(request, filter, known), MaxUnexamined, context.CancellationToken);
        response.UnexaminedImages.AddRange(unexamined.Select(image => image.ToString()));
        if (page.Count > size)
            response.NextPageToken = PageToken.Encode(FindingStore.PositionOf(page[size - 1]), question.ToString());
        return response;
    }

    public override async Task<V1.ListPackagesResponse> ListPackages(V1.ListPackagesRequest request, ServerCallContext context)
    {
        var image = ImageName.ParseScan(request.Parent, "parent");
        var size = PageToken.Size(request.PageSize);
        var after = PageToken.Decode(request.PageToken, request.Parent) ?? "";
        var page = await scans.PackagesAsync(image, after, size + 1, context.CancellationToken);
        var response = new V1.ListPackagesResponse();
        response.Packages.AddRange(page.Take(size).Select(ScanMapping.ToWire));
        if (page.Count > size)
            response.NextPageToken = PageToken.Encode(page[size - 1].Purl, request.Parent);
        return response;
    }

    private async Task<V1.WriteScanRequest?> NextAsync(IAsyncStreamReader<V1.WriteScanRequest> stream, ServerCallContext context)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, context.CancellationToken);
        try
        {
            return await stream.MoveNext(either.Token) ? stream.Current : null;
        }
        catch (Exception exception) when (patience.IsCancellationRequested && exception is OperationCanceledException or RpcException)
        {
            throw MeshException.Aborted("SCAN_STALLED", "Nothing came for a minute.");
        }
    }

    // A dash in place of the repository stands for all of the tenant's.
    private static (string Tenant, string Repository) ParseRepository(string parent)
    {
        const string all = "/repositories/-";
        if (parent.EndsWith(all, StringComparison.Ordinal))
            return (TenantName.Parse(parent[..^all.Length], "parent").Tenant, "");
        var name = RepositoryName.Parse(parent, "parent");
        return (name.Tenant, name.Repository);
    }
}
