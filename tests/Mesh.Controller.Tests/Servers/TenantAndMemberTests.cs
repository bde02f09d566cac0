using Grpc.Core;
using Mesh.Auth.V1;

namespace Mesh.Controller.Tests.Servers;

[Collection(nameof(ControllerCollection)), Trait("Needs", "servers")]
public sealed class TenantAndMemberTests(ControllerFixture controller)
{
    [Fact]
    public async Task A_tenant_is_made_changed_and_deleted()
    {
        var tenants = controller.Service.Tenants;
        var id = Guid.NewGuid().ToString();
        var request = new V1.CreateTenantRequest { TenantId = "initech", Tenant = new() { DisplayName = "Initech" }, RequestId = id };
        var made = (await tenants.CreateTenantAsync(request)).Tenant;
        Assert.Equal(made, (await tenants.CreateTenantAsync(request)).Tenant);
        await Refused.WithAsync(StatusCode.AlreadyExists, "TENANT_EXISTS", tenants.CreateTenantAsync(new() { TenantId = "initech" }));
        var changed = (await tenants.UpdateTenantAsync(new() { Tenant = new() { Name = made.Name, DisplayName = "New", Etag = made.Etag } })).Tenant;
        Assert.Equal("New", changed.DisplayName);
        await Refused.WithAsync(
            StatusCode.Aborted, "ETAG_MISMATCH", tenants.UpdateTenantAsync(new() { Tenant = new() { Name = made.Name, DisplayName = "Old", Etag = made.Etag } }));
        await controller.MakeAppAsync("initech");
        await Refused.WithAsync(StatusCode.FailedPrecondition, "TENANT_NOT_EMPTY", tenants.DeleteTenantAsync(new() { Name = made.Name }));
        await tenants.CreateTenantAsync(new() { TenantId = "hooli" });
        await tenants.DeleteTenantAsync(new() { Name = "tenants/hooli" });
        await Refused.WithAsync(StatusCode.NotFound, "TENANT_NOT_FOUND", tenants.GetTenantAsync(new() { Name = "tenants/hooli" }));
    }

    [Theory]
    [InlineData("", "tenant_id")]
    [InlineData("Acme", "tenant_id")]
    [InlineData("acme\n", "tenant_id")]
    [InlineData("mesh", "tenant_id")]
    [InlineData("git", "tenant_id")]
    public Task A_tenants_id_is_checked(string id, string field) =>
        Refused.ForAsync(controller.Service.Tenants.CreateTenantAsync(new() { TenantId = id }), field);

    [Fact]
    public async Task Everybody_sees_his_own_tenants_alone()
    {
        var seen = await controller.As("acme", Role.Viewer).Tenants.ListTenantsAsync(new());
        Assert.Equal(["tenants/acme"], seen.Tenants.Select(t => t.Name));
        var caller = (await controller.As("acme", Role.Viewer).Tokens.GetCallerAsync(new())).Caller;
        Assert.Equal(("tenants/acme/members/viewer", false), (caller.Subject, caller.Operator));
        Assert.Equal(new V1.Membership { Tenant = "tenants/acme", Role = Role.Viewer }, Assert.Single(caller.Memberships));
    }

    [Fact]
    public async Task A_member_is_made_changed_and_deleted()
    {
        var members = controller.As("acme", Role.Admin).Members;
        var request = new V1.CreateMemberRequest
        {
            Parent = "tenants/acme", MemberId = "alice", Member = new() { Role = Role.Viewer }, RequestId = Guid.NewGuid().ToString(),
        };
        var made = (await members.CreateMemberAsync(request)).Member;
        Assert.Equal(made, (await members.CreateMemberAsync(request)).Member);
        request.RequestId = "";
        await Refused.WithAsync(StatusCode.AlreadyExists, "MEMBER_EXISTS", members.CreateMemberAsync(request));
        var changed = (await members.UpdateMemberAsync(new() { Member = new() { Name = made.Name, Role = Role.Developer, Etag = made.Etag } })).Member;
        Assert.Equal(Role.Developer, (await members.GetMemberAsync(new() { Name = made.Name })).Member.Role);
        await Refused.WithAsync(
            StatusCode.Aborted, "ETAG_MISMATCH", members.UpdateMemberAsync(new() { Member = new() { Name = made.Name, Role = Role.Admin, Etag = made.Etag } }));
        await Refused.WithAsync(StatusCode.Aborted, "ETAG_MISMATCH", members.DeleteMemberAsync(new() { Name = made.Name, Etag = made.Etag }));
        await members.DeleteMemberAsync(new() { Name = made.Name, Etag = changed.Etag });
        await Refused.WithAsync(StatusCode.NotFound, "MEMBER_NOT_FOUND", members.GetMemberAsync(new() { Name = made.Name }));
    }

    [Fact]
    public async Task Nobody_gives_or_takes_a_role_above_his_own()
    {
        var admin = controller.As("acme", Role.Admin);
        var owner = new V1.Member { Name = "tenants/acme/members/owner", Role = Role.Viewer };
        await Refused.WithAsync(StatusCode.PermissionDenied, "ROLE_ABOVE_YOURS", admin.Members.UpdateMemberAsync(new() { Member = owner }));
        await Refused.WithAsync(StatusCode.PermissionDenied, "ROLE_ABOVE_YOURS", admin.Members.DeleteMemberAsync(new() { Name = owner.Name }));
        await Refused.WithAsync(StatusCode.PermissionDenied, "ROLE_ABOVE_YOURS", admin.Members.CreateMemberAsync(
            new() { Parent = "tenants/acme", MemberId = "eve", Member = new() { Role = Role.Owner } }));
        await Refused.WithAsync(StatusCode.PermissionDenied, "ROLE_ABOVE_YOURS", admin.Tokens.CreateTokenAsync(
            new() { Parent = "tenants/acme", Token = new() { Member = owner.Name } }));
        await Refused.ForAsync(
            admin.Members.CreateMemberAsync(new() { Parent = "tenants/acme", MemberId = "eve", Member = new() { Role = Role.Service } }), "member.role");
    }

    [Fact]
    public async Task A_tenant_keeps_its_last_owner()
    {
        await controller.Service.Tenants.CreateTenantAsync(new() { TenantId = "lonely" });
        var members = controller.Service.Members;
        await Refused.WithAsync(StatusCode.FailedPrecondition, "LAST_OWNER", members.DeleteMemberAsync(new() { Name = "tenants/lonely/members/owner" }));
        await Refused.WithAsync(StatusCode.FailedPrecondition, "LAST_OWNER", members.UpdateMemberAsync(
            new() { Member = new() { Name = "tenants/lonely/members/owner", Role = Role.Viewer } }));
    }
}
