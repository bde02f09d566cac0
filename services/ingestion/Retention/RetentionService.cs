using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Common.FieldMasks;
using Mesh.Common.Names;
using Mesh.Common.Paging;

namespace Mesh.Ingestion.Retention;

/// <summary>The wire of retention.</summary>
public sealed class RetentionService(RetentionStore store, RetentionOptions options) : V1.RetentionService.RetentionServiceBase
{
    public override async Task<V1.GetRetentionPolicyResponse> GetRetentionPolicy(V1.GetRetentionPolicyRequest request, ServerCallContext context)
    {
        var name = RetentionPolicyName.Parse(request.Name);
        return new V1.GetRetentionPolicyResponse { RetentionPolicy = ToWire(name, await store.GetAsync(name, context.CancellationToken)) };
    }

    public override async Task<V1.ListRetentionPoliciesResponse> ListRetentionPolicies(V1.ListRetentionPoliciesRequest request, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var size = PageToken.Size(request.PageSize);
        var after = PageToken.Decode(request.PageToken, request.Parent) ?? "";
        var stated = (await store.ListAsync(tenant, context.CancellationToken)).ToDictionary(policy => policy.Signal);
        var rest = KeptSignal.All.Where(signal => string.CompareOrdinal(signal.Id, after) > 0).ToList();
        var response = new V1.ListRetentionPoliciesResponse();
        foreach (var signal in rest.Take(size))
        {
            var policy = stated.GetValueOrDefault(signal.Id) ?? new RetentionPolicy { Tenant = tenant, Signal = signal.Id };
            response.RetentionPolicies.Add(ToWire(new RetentionPolicyName(tenant, signal), policy));
        }

        if (rest.Count > size)
            response.NextPageToken = PageToken.Encode(rest[size - 1].Id, request.Parent);
        return response;
    }

    public override async Task<V1.UpdateRetentionPolicyResponse> UpdateRetentionPolicy(
        V1.UpdateRetentionPolicyRequest request, ServerCallContext context)
    {
        var wire = request.RetentionPolicy ?? throw MeshException.InvalidArgument("retention_policy", "A policy is required.");
        var name = RetentionPolicyName.Parse(wire.Name, "retention_policy.name");
        var isChanged = UpdateMask.Of(request.UpdateMask, wire, "days").Has("days");
        if (isChanged && (wire.Days < 0 || wire.Days > name.Signal.MaxDays))
            throw MeshException.InvalidArgument("retention_policy.days", $"The days must be 1 to {name.Signal.MaxDays}, or 0 for the default.");
        var policy = await store.UpdateAsync(name, wire.Etag, isChanged ? wire.Days : null, context.CancellationToken);
        return new V1.UpdateRetentionPolicyResponse { RetentionPolicy = ToWire(name, policy) };
    }

    private V1.RetentionPolicy ToWire(RetentionPolicyName name, RetentionPolicy policy) => new()
    {
        Name = name.ToString(),
        Signal = name.Signal.Wire,
        Days = policy.Days,
        DefaultDays = RetentionPlan.DefaultDaysOf(options.Rules, name.Tenant, name.Signal),
        MaxDays = name.Signal.MaxDays,
        UpdateTime = policy is { Revision: > 0, UpdateTime: { } updated } ? Timestamp.FromDateTimeOffset(updated) : null,
        Etag = ETag.Of(policy.Revision),
    };
}
