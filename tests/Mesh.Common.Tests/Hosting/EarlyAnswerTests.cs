using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Common.Hosting;
using Mesh.Contracts;
using Mesh.Controller.V1;
using Mesh.Ingestion.V1;
using Mesh.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using static Mesh.Common.Tests.Hosting.Calls;

namespace Mesh.Common.Tests.Hosting;

/// <summary>A caller who still sends when his call ends sees its status.</summary>
public sealed class EarlyAnswerTests : IAsyncLifetime
{
    private const int TooLarge = MeshDefaults.MaxMessageBytes + (1 << 20);
    private const string Unary = "/mesh.controller.v1.AppService/GetApp", Stream = "/mesh.ingestion.v1.TelemetryService/Stream";

    private TestServer _server = null!;

    public async Task InitializeAsync() => _server = await StartAsync(calls: 2);

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task A_call_is_refused_at_once_and_its_message_can_be_sent_to_the_end()
    {
        using var call = new UnfinishedCall(_server.Address, Unary, TooLarge, "Bearer mesh_developer");
        // He is answered while he stalls.
        await AssertRefusedAsync(call);
        call.Finish();
        Assert.True(await call.Whole.WaitAsync(Wait.Limit));
    }

    [Fact]
    public async Task A_stream_is_refused_when_its_message_has_been_sent_to_the_end()
    {
        using var call = new UnfinishedCall(_server.Address, Stream, TooLarge, "Bearer mesh_developer");
        call.Finish();
        Assert.True(await call.Whole.WaitAsync(Wait.Limit));
        await AssertRefusedAsync(call);
    }

    [Theory]
    [InlineData(Unary)]
    [InlineData(Stream)]
    public async Task Who_sends_nothing_more_is_answered_and_given_up(string method)
    {
        await using var hasty = await StartAsync(calls: 1, silence: TimeSpan.FromMilliseconds(1));
        using var call = new UnfinishedCall(hasty.Address, method, TooLarge, "Bearer mesh_developer");
        await AssertRefusedAsync(call);
        Assert.False(await call.Whole.WaitAsync(Wait.Limit));
    }

    [Fact]
    public async Task So_many_are_waited_for_and_all_others_are_answered()
    {
        using var first = new UnfinishedCall(_server.Address, Unary, TooLarge, "Bearer mesh_developer");
        using var second = new UnfinishedCall(_server.Address, Unary, TooLarge, "Bearer mesh_developer");
        await AssertRefusedAsync(first);
        await AssertRefusedAsync(second);
        using (var third = new UnfinishedCall(_server.Address, Unary, TooLarge, "Bearer mesh_developer"))
        {
            await AssertRefusedAsync(third);
            Assert.False(await third.Whole.WaitAsync(Wait.Limit));
        }

        first.Finish();
        Assert.True(await first.Whole.WaitAsync(Wait.Limit));
    }

    [Fact]
    public async Task A_client_of_grpc_hears_why_each_time()
    {
        var name = new string('x', TooLarge);
        for (var i = 0; i < 4; i++)
        {
            AssertTooLarge(await FailsAsync(new AppService.AppServiceClient(_server.Channel).GetAppAsync(new() { Name = name }, As("mesh_viewer"))));
            using var call = new TelemetryService.TelemetryServiceClient(_server.Channel).Stream(As("mesh_developer"));
            // It ends with the call at the latest.
            _ = call.RequestStream.TryWriteAsync(new() { Open = new() { Parent = name } });
            AssertTooLarge(await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(default)));
        }
    }

    private static void AssertTooLarge(RpcException refused)
    {
        Assert.Equal((StatusCode.ResourceExhausted, ErrorTable.TooLarge), (refused.StatusCode, refused.Reason()));
        Assert.Null(refused.Details()!.Detail<RetryInfo>());
    }

    private static async Task AssertRefusedAsync(UnfinishedCall call)
    {
        using var answer = await call.Answer.WaitAsync(Wait.Limit);
        await answer.Content.ReadAsByteArrayAsync();
        var headers = answer.Headers.Concat(answer.TrailingHeaders).ToDictionary(header => header.Key, header => header.Value.Single());
        Assert.Equal("8", headers["grpc-status"]);
        var details = headers[RpcErrors.DetailsTrailer];
        var status = Google.Rpc.Status.Parser.ParseFrom(Convert.FromBase64String(details.PadRight((details.Length + 3) / 4 * 4, '=')));
        Assert.Equal(ErrorTable.TooLarge, status.Detail<ErrorInfo>()!.Reason);
    }

    private static Task<TestServer> StartAsync(int calls, TimeSpan? silence = null) => TestServer.StartAsync(
        "test",
        builder => builder.Services.AddSingleton(new RestLimits(64 << 20, TimeSpan.FromHours(1), silence ?? TimeSpan.FromHours(1), calls)),
        app =>
        {
            app.MapGrpcService<TestApps>();
            app.MapGrpcService<TestTelemetry>();
        });
}
