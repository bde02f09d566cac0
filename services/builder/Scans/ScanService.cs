using Grpc.Core;
using Mesh.Builder.V1;
using Mesh.Common.Errors;

namespace Mesh.Builder.Scans;

/// <summary>Scans need vulnerability data, which this version cannot take in yet.</summary>
internal sealed class ScanService : V1.ScanService.ScanServiceBase
{
    public override Task<CreateScanResponse> CreateScan(CreateScanRequest request, ServerCallContext context) => throw NotYet();

    public override Task<GetScanResponse> GetScan(GetScanRequest request, ServerCallContext context) => throw NotYet();

    public override Task<ListScansResponse> ListScans(ListScansRequest request, ServerCallContext context) => throw NotYet();

    public override Task<StopScanResponse> StopScan(StopScanRequest request, ServerCallContext context) => throw NotYet();

    public override Task<ListFindingsResponse> ListFindings(ListFindingsRequest request, ServerCallContext context) => throw NotYet();

    private static MeshException NotYet() =>
        MeshException.Unimplemented("SCANS_UNAVAILABLE", "This version does not scan images; each image has an SBOM that a scanner can read.");
}
