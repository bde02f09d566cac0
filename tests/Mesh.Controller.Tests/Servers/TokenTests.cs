using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Mesh.Auth.V1;
using Mesh.Testing;
using Npgsql;

namespace Mesh.Controller.Tests.Servers;

[Collection(nameof(ControllerCollection)), Trait("Needs", "servers")]
public sealed class TokenTests(ControllerFixture controller)
{
    [Fact]
    public async Task A_revoked_token_stops_working_on_every_replica()
    {
        await using var second = await controller.StartAsync();
        var made = await controller.MakeTokenAsync("acme", "viewer");
        var (here, there) = (controller.As(made.Secret), controller.As(made.Secret, second));
        await here.Tokens.GetCallerAsync(new());
        await there.Tokens.GetCallerAsync(new());
        await controller.As("acme", Role.Admin).Tokens.RevokeTokenAsync(new() { Name = made.Token.Name });
        await Refused.WithAsync(StatusCode.Unauthenticated, "TOKEN_INVALID", here.Tokens.GetCallerAsync(new()));
        await Wait.UntilAsync("the other replica refuses the token", async () =>
            await Refused.CodeAsync(there.Tokens.GetCallerAsync(new())) == StatusCode.Unauthenticated);
        await Refused.WithAsync(StatusCode.NotFound, "TOKEN_NOT_FOUND", controller.Service.Tokens.RevokeTokenAsync(new() { Name = made.Token.Name }));
    }

    [Fact]
    public async Task A_token_ends_with_its_time_and_with_its_member()
    {
        var members = controller.Service.Members;
        await members.CreateMemberAsync(new() { Parent = "tenants/acme", MemberId = "bob", Member = new() { Role = Role.Viewer } });
        var expiring = await controller.Service.Tokens.CreateTokenAsync(new()
        {
            Parent = "tenants/acme",
            Token = new() { Member = "tenants/acme/members/bob", ExpireTime = (TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(10)).ToTimestamp() },
        });
        var lasting = await controller.MakeTokenAsync("acme", "bob");
        await controller.As(lasting.Secret).Tokens.GetCallerAsync(new());
        foreach (var (secret, end) in new[] { (expiring.Secret, "time"), (lasting.Secret, "member") })
        {
            if (end == "member") await members.DeleteMemberAsync(new() { Name = "tenants/acme/members/bob" });
            await Wait.UntilAsync($"the token ends with its {end}", async () =>
                await Refused.CodeAsync(controller.As(secret).Tokens.GetCallerAsync(new())) == StatusCode.Unauthenticated);
        }
    }

    [Fact]
    public async Task A_token_is_checked()
    {
        var tokens = controller.Service.Tokens;
        var past = new V1.Token { Member = "tenants/acme/members/viewer", ExpireTime = Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch) };
        await Refused.ForAsync(tokens.CreateTokenAsync(new() { Parent = "tenants/acme", Token = past }), "token.expire_time");
        await Refused.ForAsync(
            tokens.CreateTokenAsync(new() { Parent = "tenants/acme", Token = new() { Member = "tenants/globex/members/owner" } }), "token.member");
        await Refused.WithAsync(StatusCode.NotFound, "MEMBER_NOT_FOUND", tokens.CreateTokenAsync(
            new() { Parent = "tenants/acme", Token = new() { Member = "tenants/acme/members/nobody" } }));
        await Refused.ForAsync(tokens.RevokeTokenAsync(new() { Name = "tenants/acme/tokens/x" }), "name");
    }

    [Fact]
    public async Task Neither_tokens_nor_secrets_are_in_the_database_in_clear()
    {
        var made = await controller.MakeTokenAsync("acme", "viewer");
        await controller.As(made.Secret).Tokens.GetCallerAsync(new());
        var app = await controller.MakeAppAsync();
        var secret = "Geheim-" + Guid.NewGuid().ToString("N");
        var set = new V1.SetConfigRequest { Name = app + "/config", Set = { ["PASSWORD"] = new() { Value = secret, Secret = true }, ["OPEN"] = new() { Value = "in-clear-" + app } } };
        await controller.Service.Configs.SetConfigAsync(set);
        var config = (await controller.Service.Configs.GetConfigAsync(new() { Name = app + "/config" })).Config;
        Assert.Equal((true, ""), (config.Variables["PASSWORD"].Secret, config.Variables["PASSWORD"].Value));
        await using var connection = new NpgsqlConnection(controller.Database);
        await connection.OpenAsync();
        var all = await Tables.DumpAsync(connection);
        Assert.Contains("in-clear-" + app, all, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, all, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(secret)), all, StringComparison.Ordinal);
        Assert.DoesNotContain(made.Secret, all, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, controller.Process.Output, StringComparison.Ordinal);
    }
}
