using Grpc.Core;
using Mesh.Builder.V1;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Common.Tests.Hosting;
using Mesh.Contracts;
using Mesh.Controller.V1;
using Mesh.Ingestion.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using static Mesh.Common.Tests.Hosting.Calls;

namespace Mesh.Common.Tests.Auth;

public sealed class AccessTests : IAsyncLifetime
{
    private TestServer _server = null!;

    private AppService.AppServiceClient Apps => new(_server.Channel);

    public async Task InitializeAsync() => _server = await TestServer.StartAsync("test", map: app =>
    {
        app.MapGrpcService<TestApps>();
        app.MapGrpcService<TestSources>();
        app.MapGrpcService<TestTelemetry>();
        app.MapGet("/whoami", async (HttpContext context) => (await context.AuthenticateMeshAsync()).Subject);
    });

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public void Every_rpc_of_ours_states_its_demand()
    {
        var silent = Contracts.Methods.Where(m => m.Service.FullName.StartsWith("mesh.", StringComparison.Ordinal) && AccessRules.Of(m) is null);
        Assert.Empty(silent.Select(m => m.FullName));
        Assert.All(Contracts.Methods.Where(m => AccessRules.Of(m) is not null), m =>
            Assert.Matches("^[a-z_]+\\.[a-z_]+$", AccessRules.Of(m)!.Permission));
    }

    [Theory]
    [InlineData("mesh_viewer", "tenants/acme/members/viewer")]
    [InlineData("mesh_owner", "tenants/acme/members/owner")]
    [InlineData("mesh_operator", "operator")]
    public async Task A_role_that_suffices_lets_in(string token, string subject) =>
        Assert.Equal(subject, (await Apps.GetAppAsync(new() { Name = "tenants/acme/apps/shop" }, As(token))).App.DisplayName);

    [Fact]
    public async Task Our_own_programs_are_let_in()
    {
        var token = ServiceToken.Create(TestServer.ClusterKeyBytes, "builder");
        var response = await Apps.CreateAppAsync(new() { Parent = "tenants/any" }, As(token));
        Assert.Equal("services/builder", response.App.DisplayName);
    }

    [Theory]
    [InlineData(null, "TOKEN_REQUIRED")]
    [InlineData("Bearer mesh_unknown", "TOKEN_INVALID")]
    [InlineData("Bearer mesh_expired", "TOKEN_INVALID")]
    [InlineData("Bearer something else", "TOKEN_INVALID")]
    [InlineData("Bearer meshsvc_builder_0000", "TOKEN_INVALID")]
    [InlineData("Digest x", "CREDENTIALS_MALFORMED")]
    public async Task Without_a_good_token_nobody_is_let_in(string? authorization, string reason)
    {
        var headers = new Metadata();
        if (authorization is not null) headers.Add("authorization", authorization);
        var error = await FailsAsync(Apps.GetAppAsync(new() { Name = "tenants/acme/apps/shop" }, headers));
        Assert.Equal((StatusCode.Unauthenticated, reason), (error.StatusCode, error.Reason()));
    }

    [Fact]
    public async Task A_tenant_in_which_one_has_no_role_does_not_exist()
    {
        var error = await FailsAsync(Apps.GetAppAsync(new() { Name = "tenants/other/apps/shop" }, As("mesh_owner")));
        Assert.Equal((StatusCode.NotFound, "TENANT_NOT_FOUND"), (error.StatusCode, error.Reason()));
    }

    [Fact]
    public async Task A_role_that_does_not_suffice_is_told_the_permission()
    {
        var error = await FailsAsync(Apps.CreateAppAsync(new() { Parent = "tenants/acme" }, As("mesh_viewer")));
        Assert.Equal(StatusCode.PermissionDenied, error.StatusCode);
        Assert.Contains("`apps.create`", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_tenant_is_found_in_the_resource_that_a_request_carries()
    {
        await Apps.UpdateAppAsync(new() { App = new() { Name = "tenants/acme/apps/shop" } }, As("mesh_developer"));
        var error = await FailsAsync(Apps.UpdateAppAsync(new() { App = new() { Name = "tenants/other/apps/shop" } }, As("mesh_developer")));
        Assert.Equal(StatusCode.NotFound, error.StatusCode);
    }

    [Fact]
    public async Task A_request_cannot_name_a_second_tenant()
    {
        var request = new CreateAppRequest { Parent = "tenants/acme", App = new() { Name = "tenants/other/apps/shop" } };
        Assert.Equal(StatusCode.InvalidArgument, (await FailsAsync(Apps.CreateAppAsync(request, As("mesh_developer")))).StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("tenants/*")]
    public async Task A_request_without_a_tenant_is_an_invalid_argument(string name) =>
        Assert.Equal(StatusCode.InvalidArgument, (await FailsAsync(Apps.GetAppAsync(new() { Name = name }, As("mesh_owner")))).StatusCode);

    [Theory]
    [InlineData("tenants/acme/apps/shop", "mesh_developer", StatusCode.OK)]
    [InlineData("tenants/acme/apps/shop", "mesh_viewer", StatusCode.PermissionDenied)]
    [InlineData("tenants/other/apps/shop", "mesh_developer", StatusCode.NotFound)]
    [InlineData("nonsense", "mesh_developer", StatusCode.InvalidArgument)]
    public async Task A_stream_is_checked_on_its_first_message(string parent, string token, StatusCode code)
    {
        using var upload = new SourceService.SourceServiceClient(_server.Channel).UploadSource(As(token));
        await upload.RequestStream.TryWriteAsync(new() { Start = new() { Parent = parent } });
        if (code is StatusCode.OK)
        {
            await upload.RequestStream.WriteAsync(new() { Data = Google.Protobuf.ByteString.CopyFromUtf8("x") });
            await upload.RequestStream.CompleteAsync();
            Assert.Equal(1, (await upload).Source.SizeBytes);
        }
        else
        {
            Assert.Equal(code, (await Assert.ThrowsAsync<RpcException>(async () => await upload)).StatusCode);
        }
    }

    [Fact]
    public async Task A_stream_needs_a_token_from_the_start()
    {
        using var telemetry = new TelemetryService.TelemetryServiceClient(_server.Channel).Stream();
        var error = await Assert.ThrowsAsync<RpcException>(() => telemetry.ResponseStream.MoveNext(default));
        Assert.Equal(StatusCode.Unauthenticated, error.StatusCode);
    }

    [Theory]
    [InlineData("Bearer mesh_viewer", 200, "tenants/acme/members/viewer")]
    [InlineData("Basic YW55Ym9keTptZXNoX3ZpZXdlcg==", 200, "tenants/acme/members/viewer")]
    [InlineData("Basic YW55Ym9keTp3cm9uZw==", 401, null)]
    [InlineData("Basic !!!", 401, null)]
    [InlineData(null, 200, "")]
    public async Task An_http_endpoint_takes_bearer_and_basic(string? authorization, int status, string? subject)
    {
        using var http = _server.Http();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/whoami");
        if (authorization is not null) request.Headers.TryAddWithoutValidation("authorization", authorization);
        using var response = await http.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
        if (subject is not null) Assert.Equal(subject, await response.Content.ReadAsStringAsync());
        else Assert.NotEmpty(response.Headers.WwwAuthenticate);
    }
}
