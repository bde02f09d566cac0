using Google.Rpc;
using Grpc.Core;
using Mesh.Builder.V1;
using Mesh.Common.Errors;
using Mesh.Common.Tests.Hosting;
using Mesh.Controller.V1;
using Mesh.Ingestion.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using static Mesh.Common.Tests.Hosting.Calls;

namespace Mesh.Common.Tests.Errors;

public sealed class CallErrorTests : IAsyncLifetime
{
    private TestServer _server = null!;

    public async Task InitializeAsync() => _server = await TestServer.StartAsync("test", map: app =>
    {
        app.MapGrpcService<TestApps>();
        app.MapGrpcService<TestEvents>();
        app.MapGrpcService<TestSources>();
        app.MapGrpcService<TestTelemetry>();
        app.MapGet("/missing", IResult () => throw MeshException.NotFound("THING_NOT_FOUND", "There is no such thing."));
        app.MapGet("/broken", IResult () => throw new InvalidOperationException("the password is hunter2"));
        app.MapGet("/busy", IResult () => throw MeshException.ResourceExhausted("FULL", "Full.", TimeSpan.FromSeconds(2.5)));
        app.MapGet("/half", async (HttpContext context) =>
        {
            await context.Response.WriteAsync("half");
            await context.Response.Body.FlushAsync();
            throw new InvalidOperationException();
        });
    });

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task A_known_error_carries_its_reason()
    {
        var error = await FailsAsync(GetAsync("missing"));
        Assert.Equal((StatusCode.NotFound, "There is no app `missing`."), (error.StatusCode, error.Status.Detail));
        var info = error.Details()!.Detail<ErrorInfo>()!;
        Assert.Equal(("APP_NOT_FOUND", "mesh"), (info.Reason, info.Domain));
    }

    [Fact]
    public async Task An_unknown_error_tells_nothing_but_the_request_id()
    {
        var call = GetAsync("broken");
        var error = await FailsAsync(call);
        var id = (await call.ResponseHeadersAsync).GetValue("x-request-id") ?? error.Trailers.GetValue("x-request-id");
        Assert.Equal(StatusCode.Internal, error.StatusCode);
        Assert.Contains(id!, error.Status.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error.Status.Detail + error.Details(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Field_violations_and_retry_delays_arrive()
    {
        var invalid = (await FailsAsync(GetAsync("invalid"))).Details()!.Detail<BadRequest>()!;
        Assert.Equal(["a", "b"], invalid.FieldViolations.Select(v => v.Field));
        var busy = (await FailsAsync(GetAsync("busy"))).Details()!;
        Assert.Equal(3, busy.Detail<RetryInfo>()!.RetryDelay.Seconds);
        Assert.NotNull(busy.Detail<QuotaFailure>());
    }

    [Fact]
    public async Task A_passed_deadline_is_deadline_exceeded()
    {
        var request = new GetAppRequest { Name = "tenants/acme/apps/slow" };
        var apps = new AppService.AppServiceClient(_server.Channel);
        var deadline = TimeProvider.System.GetUtcNow().UtcDateTime.AddMilliseconds(200);
        var error = await FailsAsync(apps.GetAppAsync(request, As("mesh_viewer"), deadline));
        Assert.Equal(StatusCode.DeadlineExceeded, error.StatusCode);
    }

    [Fact]
    public async Task All_kinds_of_calls_map_their_errors()
    {
        using var events = new EventService.EventServiceClient(_server.Channel).WatchEvents(new() { Parent = "tenants/acme" }, As("mesh_viewer"));
        Assert.True(await events.ResponseStream.MoveNext(default));
        var watch = await Assert.ThrowsAsync<RpcException>(() => events.ResponseStream.MoveNext(default));
        Assert.Equal((StatusCode.OutOfRange, "CURSOR_TOO_OLD"), (watch.StatusCode, watch.Reason()));

        using var upload = new SourceService.SourceServiceClient(_server.Channel).UploadSource(As("mesh_developer"));
        await upload.RequestStream.WriteAsync(new() { Start = new() { Parent = "tenants/acme/apps/shop" } });
        await upload.RequestStream.CompleteAsync();
        Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(async () => await upload)).StatusCode);

        using var telemetry = new TelemetryService.TelemetryServiceClient(_server.Channel).Stream(As("mesh_viewer"));
        await telemetry.RequestStream.WriteAsync(new());
        Assert.True(await telemetry.ResponseStream.MoveNext(default));
        await telemetry.RequestStream.CompleteAsync();
        var stream = await Assert.ThrowsAsync<RpcException>(() => telemetry.ResponseStream.MoveNext(default));
        Assert.Equal((StatusCode.Aborted, "WRITER_REPLACED"), (stream.StatusCode, stream.Reason()));
    }

    [Fact]
    public async Task Http_endpoints_answer_with_status_and_details()
    {
        using var http = _server.Http();
        using var missing = await http.GetAsync("/missing");
        Assert.Equal(404, (int)missing.StatusCode);
        Assert.Contains("\"reason\": \"THING_NOT_FOUND\"", await missing.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var broken = await http.GetAsync("/broken");
        Assert.Equal(500, (int)broken.StatusCode);
        var body = await broken.Content.ReadAsStringAsync();
        Assert.Contains(broken.Headers.GetValues("x-request-id").Single(), body, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", body, StringComparison.Ordinal);
        using var busy = await http.GetAsync("/busy");
        Assert.Equal((429, 3d), ((int)busy.StatusCode, busy.Headers.RetryAfter!.Delta!.Value.TotalSeconds));
        // An error after the start must not look like a whole answer.
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => http.GetStringAsync("/half"));
    }

    [Theory]
    [InlineData("my-request.1", true)]
    [InlineData("two words", false)]
    [InlineData("", false)]
    public async Task A_sound_request_id_is_kept_and_any_other_replaced(string given, bool kept)
    {
        using var http = _server.Http();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/healthz/live");
        request.Headers.TryAddWithoutValidation("x-request-id", given);
        using var response = await http.SendAsync(request);
        var id = Assert.Single(response.Headers.GetValues("x-request-id"));
        Assert.Equal(kept, id == given);
        Assert.NotEmpty(id);
    }

    [Fact]
    public async Task Calls_are_counted_by_code()
    {
        await FailsAsync(GetAsync("missing"));
        await GetAsync("shop");
        using var http = _server.Http();
        var metrics = await http.GetStringAsync("/metrics");
        const string labels = "grpc_service=\"mesh.controller.v1.AppService\",grpc_method=\"GetApp\"";
        Assert.Contains($"grpc_server_handled_total{{{labels},grpc_code=\"OK\"}} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains($"grpc_server_handled_total{{{labels},grpc_code=\"NOT_FOUND\"}} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains($"grpc_server_handling_seconds_count{{{labels}}} 2\n", metrics, StringComparison.Ordinal);
        Assert.Contains("\nkestrel_active_connections{", metrics, StringComparison.Ordinal);
        Assert.Contains("\ndotnet_process_memory_working_set_bytes ", metrics, StringComparison.Ordinal);
    }

    private AsyncUnaryCall<GetAppResponse> GetAsync(string app) =>
        new AppService.AppServiceClient(_server.Channel).GetAppAsync(new() { Name = "tenants/acme/apps/" + app }, As("mesh_viewer"));
}
