using System.CommandLine;
using Mesh.Auth.V1;
using Mesh.Cli.Rendering;
using Mesh.Cli.Session;
using Mesh.Controller.V1;

namespace Mesh.Cli.Commands;

/// <summary>`mesh tenants …`, `mesh members …`, `mesh tokens …`.</summary>
internal static class TenantCommands
{
    private static readonly Argument<string> s_tenant = new("tenant") { Description = "The tenant's name" };
    private static readonly Argument<string> s_member = new("member") { Description = "The member's name" };

    public static Command Tenants() => new("tenants", "Manage tenants")
    {
        new Command("create", "Create a tenant") { s_tenant }.Does(async context =>
        {
            var request = new CreateTenantRequest { TenantId = context.Value(s_tenant), Tenant = new Tenant(), RequestId = Guid.NewGuid().ToString() };
            var tenant = (await context.Client.Tenants.CreateTenantAsync(request, cancellationToken: context.CancellationToken)).Tenant;
            context.Output.Message(tenant, ("Created", tenant.Name));
        }),
        new Command("list", "List the tenants that you see").Does(async context =>
        {
            var all = await context.AllAsync(context.Client.Tenants.ListTenantsAsync, new ListTenantsRequest());
            context.Output.List(all, all.Tenants, ["NAME", "DISPLAY NAME", "CREATED"], t => [Output.Id(t.Name), t.DisplayName, Ago.Of(t.CreateTime)]);
        }),
        new Command("info", "Show a tenant") { s_tenant }.Does(async context =>
        {
            var request = new GetTenantRequest { Name = $"tenants/{context.Value(s_tenant)}" };
            var tenant = (await context.Client.Tenants.GetTenantAsync(request, cancellationToken: context.CancellationToken)).Tenant;
            context.Output.Message(tenant, ("Name", tenant.Name), ("Display name", tenant.DisplayName), ("Uid", tenant.Uid), ("Created", Ago.Of(tenant.CreateTime)));
        }),
        new Command("delete", "Delete a tenant that has no apps") { s_tenant }.Does(async context =>
        {
            var request = new DeleteTenantRequest { Name = $"tenants/{context.Value(s_tenant)}" };
            await context.Client.Tenants.DeleteTenantAsync(request, cancellationToken: context.CancellationToken);
            context.Output.Line($"Deleted {request.Name}.");
        }),
        RetentionCommands.Create(),
    };

    public static Command Members()
    {
        var role = new Option<string>("--role") { Description = "viewer, developer, admin or owner", DefaultValueFactory = _ => "developer" };
        role.AcceptOnlyFromAmong("viewer", "developer", "admin", "owner");
        return new Command("members", "Manage who may do what in a tenant")
        {
            new Command("add", "Add a member") { s_member, role }.Does(async context =>
            {
                var request = new CreateMemberRequest
                {
                    Parent = await context.TenantAsync(),
                    MemberId = context.Value(s_member),
                    Member = new Member { Role = Enum.Parse<Role>(context.Value(role)!, ignoreCase: true) },
                    RequestId = Guid.NewGuid().ToString(),
                };
                var member = (await context.Client.Members.CreateMemberAsync(request, cancellationToken: context.CancellationToken)).Member;
                context.Output.Message(member, ("Added", member.Name), ("Role", member.Role.ToString().ToLowerInvariant()));
            }),
            new Command("list", "List the members").Does(async context =>
            {
                var all = await context.AllAsync(context.Client.Members.ListMembersAsync, new ListMembersRequest { Parent = await context.TenantAsync() });
                context.Output.List(all, all.Members, ["NAME", "ROLE", "ADDED"], m => [Output.Id(m.Name), m.Role.ToString().ToLowerInvariant(), Ago.Of(m.CreateTime)]);
            }),
            new Command("remove", "Remove a member and revoke its tokens") { s_member }.Does(async context =>
            {
                var request = new DeleteMemberRequest { Name = $"{await context.TenantAsync()}/members/{context.Value(s_member)}" };
                await context.Client.Members.DeleteMemberAsync(request, cancellationToken: context.CancellationToken);
                context.Output.Line($"Removed {request.Name}.");
            }),
        };
    }

    public static Command Tokens()
    {
        var days = new Option<int?>("--days") { Description = "After how many days it stops working; never unless given" };
        var name = new Option<string>("--name") { Description = "What to call it", DefaultValueFactory = _ => "" };
        var token = new Argument<string>("token") { Description = "The token's id, as `mesh tokens list` shows it" };
        return new Command("tokens", "Manage tokens")
        {
            new Command("create", "Make a token for a member; it is shown once") { s_member, days, name }.Does(async context =>
            {
                var tenant = await context.TenantAsync();
                var wanted = new Token { Member = $"{tenant}/members/{context.Value(s_member)}", DisplayName = context.Value(name) };
                if (context.Value(days) is { } count)
                    wanted.ExpireTime = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow().AddDays(count));
                var response = await context.Client.Tokens.CreateTokenAsync(new CreateTokenRequest { Parent = tenant, Token = wanted }, cancellationToken: context.CancellationToken);
                context.Output.Message(response, ("Token", response.Secret), ("Id", Output.Id(response.Token.Name)));
            }),
            new Command("list", "List the tokens, without their secrets").Does(async context =>
            {
                var all = await context.AllAsync(context.Client.Tokens.ListTokensAsync, new ListTokensRequest { Parent = await context.TenantAsync() });
                context.Output.List(all, all.Tokens, ["ID", "MEMBER", "BEGINS WITH", "NAME", "EXPIRES", "LAST USED"], t =>
                    [Output.Id(t.Name), Output.Id(t.Member), t.Prefix, t.DisplayName, t.ExpireTime?.ToDateTime().ToString("yyyy-MM-dd", null) ?? "never", Ago.Of(t.LastUseTime)]);
            }),
            new Command("revoke", "Make a token stop working") { token }.Does(async context =>
            {
                var request = new RevokeTokenRequest { Name = $"{await context.TenantAsync()}/tokens/{context.Value(token)}" };
                await context.Client.Tokens.RevokeTokenAsync(request, cancellationToken: context.CancellationToken);
                context.Output.Line("Revoked. It stops working everywhere within 5 s.");
            }),
        };
    }
}
