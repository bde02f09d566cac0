using Grpc.Core;
using Mesh.Auth.V1;
using Mesh.Builder.V1;
using Mesh.Client;
using Mesh.Contracts;
using Mesh.Controller.V1;

namespace Mesh.EndToEnd;

/// <summary>Bad input anywhere on the way: the right code with details, one clear line, and nothing half-made.</summary>
[Collection(StackCollection.Name), Trait("Needs", "servers")]
public sealed class ErrorTests(Stack stack)
{
    [Theory]
    [InlineData(3, "no app", "apps", "info", "nosuch")]
    [InlineData(2, "lower-case letters", "apps", "create", "Bad_Name")]
    [InlineData(2, "NAME=VALUE", "config", "set", "novalue", "--app", "x")]
    [InlineData(4, "token", "apps", "list", "--token", "mesh_wrong")]
    [InlineData(5, "", "apps", "list", "--address", "http://127.0.0.1:9")]
    [InlineData(2, "no folder", "deploy", "/does/not/exist", "--app", "x")]
    public async Task The_command_says_what_is_wrong_in_one_line(int exitCode, string part, params string[] arguments)
    {
        var result = await stack.MeshAsync(arguments);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.StartsWith("mesh: ", result.Errors, StringComparison.Ordinal);
        Assert.Contains(part, result.Errors, StringComparison.Ordinal);
        Assert.Single(result.Errors.Trim().Split('\n'));
    }

    [Fact]
    public async Task A_source_that_does_not_build_leaves_no_release()
    {
        const string app = "unbuildable";
        (await stack.MeshAsync("apps", "create", app)).Succeeded();
        var folder = stack.CopySample("hello-node");
        foreach (var file in Directory.GetFiles(folder)) File.Delete(file);
        await File.WriteAllTextAsync(Path.Combine(folder, "notes.txt"), "nothing to build");
        var result = await stack.MeshAsync("deploy", folder, "--app", app);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("Looked for", result.Errors, StringComparison.Ordinal);
        using var client = stack.Connect();
        var releases = await client.Releases.ListReleasesAsync(new ListReleasesRequest { Parent = $"tenants/acme/apps/{app}" });
        Assert.Empty(releases.Releases);
    }

    [Fact]
    public async Task An_upload_to_an_unknown_app_is_refused_with_details()
    {
        using var client = stack.Connect();
        using var call = client.Sources.UploadSource();
        await call.RequestStream.TryWriteAsync(new UploadSourceRequest { Start = new UploadSourceRequest.Types.Start { Parent = "tenants/acme/apps/nosuch" } });
        var exception = await Assert.ThrowsAsync<RpcException>(async () => await call.ResponseAsync);
        Assert.Equal(StatusCode.NotFound, exception.StatusCode);
        Assert.Equal("APP_NOT_FOUND", MeshError.Of(exception).Reason);
    }

    [Fact]
    public async Task An_oversize_upload_is_refused_before_it_is_sent()
    {
        (await stack.MeshAsync("apps", "create", "oversize")).Succeeded();
        using var client = stack.Connect();
        using var call = client.Sources.UploadSource();
        var start = new UploadSourceRequest.Types.Start { Parent = "tenants/acme/apps/oversize", SizeBytes = 1L << 40 };
        await call.RequestStream.TryWriteAsync(new UploadSourceRequest { Start = start });
        var exception = await Assert.ThrowsAsync<RpcException>(async () => await call.ResponseAsync);
        Assert.Equal(StatusCode.ResourceExhausted, exception.StatusCode);
        Assert.Equal("SOURCE_TOO_LARGE", MeshError.Of(exception).Reason);
    }

    [Fact]
    public async Task A_token_of_another_tenant_sees_nothing()
    {
        using var client = stack.Connect();
        await client.Tenants.CreateTenantAsync(new CreateTenantRequest { TenantId = "other", Tenant = new Tenant() });
        await client.Members.CreateMemberAsync(new CreateMemberRequest { Parent = "tenants/other", MemberId = "eve", Member = new Member { Role = Role.Owner } });
        var token = await client.Tokens.CreateTokenAsync(
            new CreateTokenRequest { Parent = "tenants/other", Token = new Token { Member = "tenants/other/members/eve" } });
        (await stack.MeshAsync("apps", "create", "hidden")).Succeeded();

        using var stranger = stack.Connect(token.Secret);
        var calls = new Func<Task>[]
        {
            async () => await stranger.Apps.GetAppAsync(new GetAppRequest { Name = "tenants/acme/apps/hidden" }),
            async () => await stranger.Apps.DeleteAppAsync(new DeleteAppRequest { Name = "tenants/acme/apps/hidden" }),
            async () => await stranger.Builds.ListBuildsAsync(new ListBuildsRequest { Parent = "tenants/acme/apps/hidden" }),
            async () => await stranger.Images.ListRepositoriesAsync(new Registry.V1.ListRepositoriesRequest { Parent = "tenants/acme" }),
            async () => await stranger.Workloads.ListWorkloadsAsync(new Scheduler.V1.ListWorkloadsRequest { Parent = "tenants/acme" }),
        };
        foreach (var call in calls)
        {
            var exception = await Assert.ThrowsAsync<RpcException>(call);
            Assert.Equal(StatusCode.NotFound, exception.StatusCode);
            Assert.Equal("TENANT_NOT_FOUND", MeshError.Of(exception).Reason);
        }
        await client.Tokens.RevokeTokenAsync(new RevokeTokenRequest { Name = token.Token.Name });
        await Testing.Wait.UntilAsync("the revoked token being refused", async () =>
        {
            try
            {
                await stranger.Tenants.GetTenantAsync(new GetTenantRequest { Name = "tenants/other" });
                return false;
            }
            catch (RpcException e)
            {
                return e.StatusCode == StatusCode.Unauthenticated;
            }
        });
    }
}
