using Grpc.Core;
using Mesh.Auth.V1;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Common.FieldMasks;
using Mesh.Common.Names;
using Mesh.Common.Paging;
using Mesh.Controller.Audit;

namespace Mesh.Controller.Members;

/// <summary>mesh.controller.v1.MemberService.</summary>
public sealed class MemberService(MemberStore store) : V1.MemberService.MemberServiceBase
{
    public override async Task<V1.CreateMemberResponse> CreateMember(V1.CreateMemberRequest request, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var given = request.Member ?? new V1.Member();
        var member = new Member
        {
            Tenant = tenant,
            Id = TenantName.CheckId(request.MemberId, "member_id"),
            Role = CheckRole(given.Role, context.Principal(), tenant),
            DisplayName = Limits.DisplayName(given.DisplayName, "member.display_name"),
            ServiceAccount = given.ServiceAccount,
        };
        member = await store.CreateAsync(member, request.RequestId, request.ValidateOnly, Actor.Of(context), context.CancellationToken);
        return new V1.CreateMemberResponse { Member = member.ToWire() };
    }

    public override async Task<V1.GetMemberResponse> GetMember(V1.GetMemberRequest request, ServerCallContext context)
    {
        var member = await store.GetAsync(MemberName.Parse(request.Name), context.CancellationToken);
        return new V1.GetMemberResponse { Member = member.ToWire() };
    }

    public override async Task<V1.ListMembersResponse> ListMembers(V1.ListMembersRequest request, ServerCallContext context)
    {
        var tenant = TenantName.Parse(request.Parent, "parent").Tenant;
        var size = PageToken.Size(request.PageSize);
        var members = await store.ListAsync(tenant, PageToken.Decode(request.PageToken, tenant) ?? "", size, context.CancellationToken);
        var response = new V1.ListMembersResponse { Members = { members.Select(m => m.ToWire()) } };
        if (members.Count == size) response.NextPageToken = PageToken.Encode(members[^1].Id, tenant);
        return response;
    }

    public override async Task<V1.UpdateMemberResponse> UpdateMember(V1.UpdateMemberRequest request, ServerCallContext context)
    {
        var given = request.Member ?? throw MeshException.InvalidArgument("member", "A member is required.");
        var name = MemberName.Parse(given.Name, "member.name");
        var mask = UpdateMask.Of(request.UpdateMask, given, "role", "display_name");
        if (mask.Has("role")) CheckRole(given.Role, context.Principal(), name.Tenant);
        var displayName = Limits.DisplayName(given.DisplayName, "member.display_name");
        var member = await store.UpdateAsync(name, given.Etag, before => CheckNotAbove(before, context.Principal()) with
        {
            Role = mask.Has("role") ? given.Role : before.Role,
            DisplayName = mask.Has("display_name") ? displayName : before.DisplayName,
        }, request.ValidateOnly, Actor.Of(context), context.CancellationToken);
        return new V1.UpdateMemberResponse { Member = member.ToWire() };
    }

    public override async Task<V1.DeleteMemberResponse> DeleteMember(V1.DeleteMemberRequest request, ServerCallContext context)
    {
        var name = MemberName.Parse(request.Name);
        CheckNotAbove(await store.GetAsync(name, context.CancellationToken), context.Principal());
        await store.DeleteAsync(name, request.Etag, Actor.Of(context), context.CancellationToken);
        return new V1.DeleteMemberResponse();
    }

    private static Role CheckRole(Role role, Principal caller, string tenant)
    {
        if (role is < Role.Viewer or > Role.Owner)
            throw MeshException.InvalidArgument("member.role", "A member is a viewer, developer, admin or owner.");
        return role <= caller.RoleIn(tenant) ? role : throw Above();
    }

    private static Member CheckNotAbove(Member member, Principal caller) =>
        member.Role <= caller.RoleIn(member.Tenant) ? member : throw Above();

    private static MeshException Above() =>
        MeshException.PermissionDenied("ROLE_ABOVE_YOURS", "Nobody gives, changes or takes a role above his own.");
}
