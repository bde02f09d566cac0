using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Mesh.Common.Names;
using Mesh.Common.Paging;

namespace Mesh.Controller.Audit;

/// <summary>mesh.controller.v1.AuditService.</summary>
public sealed class AuditService(AuditLog log) : V1.AuditService.AuditServiceBase
{
    public override async Task<V1.ListAuditEntriesResponse> ListAuditEntries(V1.ListAuditEntriesRequest request, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var size = PageToken.Size(request.PageSize);
        var before = PageToken.Decode(request.PageToken, tenant) is { } token ? long.Parse(token, CultureInfo.InvariantCulture) : long.MaxValue;
        var entries = await log.ListAsync(tenant, before, size, context.CancellationToken);
        var response = new V1.ListAuditEntriesResponse { AuditEntries = { entries.Select(ToWire) } };
        if (entries.Count == size && entries[^1].Sequence > 1)
            response.NextPageToken = PageToken.Encode(entries[^1].Sequence.ToString(CultureInfo.InvariantCulture), tenant);
        return response;
    }

    public override async Task<V1.VerifyAuditLogResponse> VerifyAuditLog(V1.VerifyAuditLogRequest request, ServerCallContext context)
    {
        var (entries, firstBad) = await log.VerifyAsync(TenantName.Parse(request.Parent, "parent").Tenant, context.CancellationToken);
        return new V1.VerifyAuditLogResponse { Entries = entries, FirstBadSequence = firstBad };
    }

    private static V1.AuditEntry ToWire(AuditEntry entry) => new()
    {
        Sequence = entry.Sequence,
        Time = entry.Time.ToTimestamp(),
        Subject = entry.Subject,
        Peer = entry.Peer,
        Method = entry.Method,
        Resource = entry.Resource,
        Code = entry.Code,
        RequestId = entry.RequestId,
        BeforeDigest = entry.BeforeDigest,
        AfterDigest = entry.AfterDigest,
        Hash = entry.Hash,
    };
}
