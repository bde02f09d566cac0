using Grpc.Core;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Common.Paging;
using Mesh.Common.Postgres;

namespace Mesh.Ingestion.Alerts;

/// <summary>The wire of alert policies and alerts.</summary>
public sealed class AlertService(AlertPolicyStore policies, AlertStore alerts, PostgresListener listener) : V1.AlertService.AlertServiceBase
{
    public override async Task<V1.CreateAlertPolicyResponse> CreateAlertPolicy(V1.CreateAlertPolicyRequest request, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var name = new AlertPolicyName(tenant, TenantName.CheckId(request.AlertPolicyId, "alert_policy_id"));
        var spec = AlertMapping.Spec(Required(request.AlertPolicy));
        var policy = await policies.CreateAsync(name, spec, request.RequestId, context.CancellationToken);
        return new V1.CreateAlertPolicyResponse { AlertPolicy = policy.ToWire() };
    }

    public override async Task<V1.GetAlertPolicyResponse> GetAlertPolicy(V1.GetAlertPolicyRequest request, ServerCallContext context)
    {
        var policy = await policies.GetAsync(AlertPolicyName.Parse(request.Name), context.CancellationToken);
        return new V1.GetAlertPolicyResponse { AlertPolicy = policy.ToWire() };
    }

    public override async Task<V1.ListAlertPoliciesResponse> ListAlertPolicies(V1.ListAlertPoliciesRequest request, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var size = PageToken.Size(request.PageSize);
        var after = PageToken.Decode(request.PageToken, request.Parent) ?? "";
        var page = await policies.ListAsync(tenant, after, size + 1, context.CancellationToken);
        var response = new V1.ListAlertPoliciesResponse();
        response.AlertPolicies.AddRange(page.Take(size).Select(AlertMapping.ToWire));
        if (page.Count > size)
            response.NextPageToken = PageToken.Encode(page[size - 1].Name.Id, request.Parent);
        return response;
    }

    public override async Task<V1.UpdateAlertPolicyResponse> UpdateAlertPolicy(V1.UpdateAlertPolicyRequest request, ServerCallContext context)
    {
        var wire = Required(request.AlertPolicy);
        var policy = await policies.UpdateAsync(
            AlertPolicyName.Parse(wire.Name, "alert_policy.name"), wire.Etag,
            before => AlertMapping.Merge(before, wire, request.UpdateMask), context.CancellationToken);
        return new V1.UpdateAlertPolicyResponse { AlertPolicy = policy.ToWire() };
    }

    public override async Task<V1.DeleteAlertPolicyResponse> DeleteAlertPolicy(V1.DeleteAlertPolicyRequest request, ServerCallContext context)
    {
        await policies.DeleteAsync(AlertPolicyName.Parse(request.Name), context.CancellationToken);
        return new V1.DeleteAlertPolicyResponse();
    }

    public override async Task<V1.ListAlertsResponse> ListAlerts(V1.ListAlertsRequest request, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var size = PageToken.Size(request.PageSize);
        var state = request.State.ToString();
        var before = PageToken.Decode(request.PageToken, request.Parent, state) is { } position ? Guid.Parse(position) : (Guid?)null;
        var page = await alerts.ListAsync(tenant, request.State, before, size + 1, context.CancellationToken);
        var response = new V1.ListAlertsResponse();
        response.Alerts.AddRange(page.Take(size).Select(AlertMapping.ToWire));
        if (page.Count > size)
            response.NextPageToken = PageToken.Encode(page[size - 1].Uid.ToString(), request.Parent, state);
        return response;
    }

    public override async Task<V1.AcknowledgeAlertResponse> AcknowledgeAlert(V1.AcknowledgeAlertRequest request, ServerCallContext context)
    {
        var alert = await alerts.AcknowledgeAsync(AlertName.Parse(request.Name), context.Principal().Subject, context.CancellationToken);
        return new V1.AcknowledgeAlertResponse { Alert = alert.ToWire() };
    }

    public override async Task WatchAlerts(
        V1.WatchAlertsRequest request, IServerStreamWriter<V1.WatchAlertsResponse> responseStream, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        long? seen = null;

        // The listener begins with a sign of its own; what changed before it is read from the table.
        await foreach (var heard in listener.ListenAsync([AlertStore.Channel], context.CancellationToken))
        {
            if (!heard.Missed && heard.Payload != tenant)
                continue;
            var last = seen ?? await alerts.LastChangeAsync(tenant, context.CancellationToken);
            foreach (var alert in await alerts.ChangesAsync(tenant, seen, context.CancellationToken))
            {
                await responseStream.WriteAsync(new V1.WatchAlertsResponse { Alert = alert.ToWire() }, context.CancellationToken);
                last = Math.Max(last, alert.Change);
            }

            seen = last;
        }
    }

    private static V1.AlertPolicy Required(V1.AlertPolicy? policy) =>
        policy ?? throw MeshException.InvalidArgument("alert_policy", "A policy is required.");
}
