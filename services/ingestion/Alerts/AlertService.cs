using System.Globalization;
using Grpc.Core;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Common.Paging;

namespace Mesh.Ingestion.Alerts;

/// <summary>The wire of alert policies and alerts.</summary>
public sealed class AlertService(
    AlertPolicyStore policies, AlertStore alerts, AlertDeliveryStore deliveries, AlertWatch watch) : V1.AlertService.AlertServiceBase
{
    public override async Task<V1.CreateAlertPolicyResponse> CreateAlertPolicy(V1.CreateAlertPolicyRequest request, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var name = new AlertPolicyName(tenant, TenantName.CheckId(request.AlertPolicyId, "alert_policy_id"));
        var spec = AlertPolicySpec.Parse(Required(request.AlertPolicy));
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
            before => AlertPolicySpec.Merge(before, wire, request.UpdateMask), context.CancellationToken);
        return new V1.UpdateAlertPolicyResponse { AlertPolicy = policy.ToWire() };
    }

    public override async Task<V1.DeleteAlertPolicyResponse> DeleteAlertPolicy(V1.DeleteAlertPolicyRequest request, ServerCallContext context)
    {
        await policies.DeleteAsync(AlertPolicyName.Parse(request.Name), context.CancellationToken);
        return new V1.DeleteAlertPolicyResponse();
    }

    public override async Task<V1.CloneAlertPolicyResponse> CloneAlertPolicy(V1.CloneAlertPolicyRequest request, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var name = new AlertPolicyName(tenant, TenantName.CheckId(request.AlertPolicyId, "alert_policy_id"));
        if (AlertTemplates.IsName(request.Name))
        {
            var spec = AlertTemplates.Find(request.Name);
            return Cloned(await policies.CreateAsync(name, spec, request.RequestId, context.CancellationToken));
        }

        var source = AlertPolicyName.Parse(request.Name);
        if (source.Tenant != tenant)
            throw MeshException.InvalidArgument("name", "The policy must lie in the tenant of `parent`.");
        var policy = await policies.GetAsync(source, context.CancellationToken);
        return Cloned(await policies.CloneAsync(name, policy, request.RequestId, context.CancellationToken));

        static V1.CloneAlertPolicyResponse Cloned(AlertPolicy clone) => new() { AlertPolicy = clone.ToWire() };
    }

    public override Task<V1.ListAlertPolicyTemplatesResponse> ListAlertPolicyTemplates(
        V1.ListAlertPolicyTemplatesRequest request, ServerCallContext context)
    {
        TenantName.Parse(request.Parent, "parent");
        var size = PageToken.Size(request.PageSize);
        var after = PageToken.Decode(request.PageToken, request.Parent) ?? "";
        var rest = AlertTemplates.All.Where(template => string.CompareOrdinal(template.Name, after) > 0).ToList();
        var response = new V1.ListAlertPolicyTemplatesResponse();
        response.AlertPolicyTemplates.AddRange(rest.Take(size));
        if (rest.Count > size)
            response.NextPageToken = PageToken.Encode(rest[size - 1].Name, request.Parent);
        return Task.FromResult(response);
    }

    public override async Task<V1.GetAlertResponse> GetAlert(V1.GetAlertRequest request, ServerCallContext context)
    {
        var alert = await alerts.GetAsync(AlertName.Parse(request.Name), context.CancellationToken);
        return new V1.GetAlertResponse { Alert = alert.ToWire() };
    }

    public override async Task<V1.ListAlertsResponse> ListAlerts(V1.ListAlertsRequest request, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var size = PageToken.Size(request.PageSize);
        string[] question = [request.Parent, request.State.ToString(), request.Policy];
        var before = PageToken.Decode(request.PageToken, question) is { } position ? Guid.Parse(position) : (Guid?)null;
        var policy = request.Policy.Length == 0 ? null : AlertPolicyName.Parse(request.Policy, "policy");
        if (policy is not null && policy.Tenant != tenant)
            throw MeshException.InvalidArgument("policy", "The policy must lie in the tenant of `parent`.");
        var page = await alerts.ListAsync(tenant, request.State, policy?.Id ?? "", before, size + 1, context.CancellationToken);
        var response = new V1.ListAlertsResponse();
        response.Alerts.AddRange(page.Take(size).Select(AlertMapping.ToWire));
        if (page.Count > size)
            response.NextPageToken = PageToken.Encode(page[size - 1].Uid.ToString(), question);
        return response;
    }

    public override async Task<V1.ListAlertChangesResponse> ListAlertChanges(V1.ListAlertChangesRequest request, ServerCallContext context)
    {
        var name = AlertName.Parse(request.Parent, "parent");
        var size = PageToken.Size(request.PageSize);
        var after = PageToken.Decode(request.PageToken, request.Parent) is { } position ? long.Parse(position, CultureInfo.InvariantCulture) : 0;
        var page = await alerts.HistoryAsync(name, after, size + 1, context.CancellationToken);
        var response = new V1.ListAlertChangesResponse();
        response.AlertChanges.AddRange(page.Take(size).Select(AlertMapping.ToWire));
        if (page.Count > size)
            response.NextPageToken = PageToken.Encode(page[size - 1].Change.ToString(CultureInfo.InvariantCulture), request.Parent);
        return response;
    }

    public override async Task<V1.ListAlertDeliveriesResponse> ListAlertDeliveries(
        V1.ListAlertDeliveriesRequest request, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var size = PageToken.Size(request.PageSize);
        var state = request.State.ToString();
        var before = PageToken.Decode(request.PageToken, request.Parent, state) is { } position ? Guid.Parse(position) : (Guid?)null;
        var page = await deliveries.ListAsync(tenant, request.State, before, size + 1, context.CancellationToken);
        var response = new V1.ListAlertDeliveriesResponse();
        response.AlertDeliveries.AddRange(page.Take(size).Select(AlertMapping.ToWire));
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
        var from = AlertCursor.Parse(request.Cursor, tenant);
        await foreach (var response in watch.FollowAsync(tenant, from, context.CancellationToken))
            await responseStream.WriteAsync(response, context.CancellationToken);
    }

    private static V1.AlertPolicy Required(V1.AlertPolicy? policy) =>
        policy ?? throw MeshException.InvalidArgument("alert_policy", "A policy is required.");
}
