using Google.Rpc;
using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Common.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using RpcStatus = Google.Rpc.Status;

namespace Mesh.Common.Tests.Errors;

public sealed class ProtobufErrorTests : IAsyncLifetime
{
    private TestServer _server = null!;

    public async Task InitializeAsync() => _server = await TestServer.StartAsync("test", map: app =>
    {
        var paths = app.MapGroup("/in-kind").WithMetadata(new ProtobufErrors());
        paths.MapPost("/busy", IResult () => throw MeshException.ResourceExhausted("FULL", "Full.", TimeSpan.FromSeconds(2.5)));
        paths.MapPost("/away", IResult () => throw MeshException.Unavailable("AWAY", "Away.", TimeSpan.FromSeconds(1)));
        paths.MapPost("/broken", IResult () => throw new InvalidOperationException("the password is hunter2"));
        app.MapPost("/json", IResult () => throw MeshException.ResourceExhausted("FULL", "Full."));
    });

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("/in-kind/busy", 429, 3, StatusCode.ResourceExhausted, "Full.")]
    [InlineData("/in-kind/away", 503, 1, StatusCode.Unavailable, "Away.")]
    public async Task A_request_in_protobuf_has_its_error_in_protobuf(string path, int status, double seconds, StatusCode code, string message)
    {
        using var answer = await PostAsync(path, "application/x-protobuf; charset=utf-8");
        Assert.Equal((status, seconds), ((int)answer.StatusCode, answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds));
        Assert.Equal("application/x-protobuf", answer.Content.Headers.ContentType!.ToString());
        var error = RpcStatus.Parser.ParseFrom(await answer.Content.ReadAsByteArrayAsync());
        Assert.Equal(((int)code, message), (error.Code, error.Message));
        Assert.NotNull(error.Detail<RetryInfo>());
    }

    [Fact]
    public async Task What_is_unknown_stays_unknown_in_protobuf_too()
    {
        using var answer = await PostAsync("/in-kind/broken", "application/x-protobuf");
        Assert.Equal(500, (int)answer.StatusCode);
        var error = RpcStatus.Parser.ParseFrom(await answer.Content.ReadAsByteArrayAsync());
        Assert.Equal(answer.Headers.GetValues("x-request-id").Single(), error.Detail<ErrorInfo>()!.Metadata["request_id"]);
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/in-kind/busy", "application/json")]
    [InlineData("/in-kind/busy", "no type at all")]
    [InlineData("/json", "application/x-protobuf")]
    public async Task Any_other_request_and_any_other_endpoint_has_it_in_json(string path, string type)
    {
        using var answer = await PostAsync(path, type);
        Assert.Equal((429, "application/json"), ((int)answer.StatusCode, answer.Content.Headers.ContentType!.ToString()));
        var text = await answer.Content.ReadAsStringAsync();
        Assert.Contains("\"reason\": \"FULL\"", text, StringComparison.Ordinal);
    }

    private async Task<HttpResponseMessage> PostAsync(string path, string type)
    {
        using var http = _server.Http();
        using var content = new ByteArrayContent([]);
        content.Headers.TryAddWithoutValidation("content-type", type);
        return await http.PostAsync(path, content);
    }
}
