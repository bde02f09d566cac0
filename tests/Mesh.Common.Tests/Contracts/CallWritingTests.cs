using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Mesh.Builder.V1;
using Mesh.Common.Errors;
using Mesh.Common.Tests.Hosting;
using Mesh.Contracts;
using Mesh.Controller.V1;
using Mesh.Ingestion.V1;
using Mesh.Testing;
using Microsoft.AspNetCore.Builder;
using static Mesh.Common.Tests.Hosting.Calls;

namespace Mesh.Common.Tests.Contracts;

/// <summary>Who writes to a call that has ended hears of the end, and the call's answer says why.</summary>
public sealed class CallWritingTests
{
    private static readonly UploadSourceRequest Large = new() { Data = ByteString.CopyFrom(new byte[1 << 20]) };

    [Fact]
    public async Task A_connection_that_breaks_under_an_upload_is_told_by_the_answer()
    {
        using var server = new BreakingServer(answers: false);
        using var channel = GrpcChannel.ForAddress(server.Address);
        using var call = new SourceService.SourceServiceClient(channel).UploadSource();
        Assert.False(await call.RequestStream.TryWriteAllAsync(Forever().ToAsyncEnumerable()).WaitAsync(Wait.Limit));
        await server.Served.WaitAsync(Wait.Limit);
        await AssertAwayAsync(call.ResponseAsync);
        // And each time again.
        Assert.False(await call.RequestStream.TryWriteAsync(Large));
        await call.RequestStream.TryCompleteAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_connection_that_breaks_under_a_stream_is_told_to_who_reads(bool answered)
    {
        using var server = new BreakingServer(answered);
        using var channel = GrpcChannel.ForAddress(server.Address);
        using var call = new TelemetryService.TelemetryServiceClient(channel).Stream();
        var read = call.ResponseStream.MoveNext(default);
        var message = new StreamRequest { Open = new() { Parent = new('x', 1 << 20) } };
        while (await call.RequestStream.TryWriteAsync(message).WaitAsync(Wait.Limit));
        await AssertAwayAsync(read);
        Assert.False(await call.RequestStream.TryWriteAsync(message));
    }

    [Fact]
    public async Task A_refusal_is_told_by_the_answer()
    {
        await using var server = await TestServer.StartAsync("test", map: app => app.MapGrpcService<TestSources>());
        using var call = new SourceService.SourceServiceClient(server.Channel).UploadSource(As("mesh_viewer"));
        var start = new UploadSourceRequest { Start = new() { Parent = "tenants/acme/apps/shop" } };
        Assert.False(await call.RequestStream.TryWriteAllAsync(Forever().Prepend(start).ToAsyncEnumerable()).WaitAsync(Wait.Limit));
        var refused = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync.WaitAsync(Wait.Limit));
        Assert.Equal((StatusCode.PermissionDenied, "PERMISSION_DENIED"), (refused.StatusCode, refused.Reason()));
    }

    [Fact]
    public async Task A_call_that_its_caller_has_ended_takes_nothing_more()
    {
        await using var server = await TestServer.StartAsync("test", map: app => app.MapGrpcService<TestSources>());
        using var stop = new CancellationTokenSource();
        using var call = new SourceService.SourceServiceClient(server.Channel).UploadSource(As("mesh_developer"), cancellationToken: stop.Token);
        await stop.CancelAsync();
        Assert.False(await call.RequestStream.TryWriteAsync(Large, stop.Token));
        call.Dispose();
        Assert.False(await call.RequestStream.TryWriteAsync(Large));
    }

    [Fact]
    public async Task What_fails_while_a_message_is_made_is_thrown_and_all_others_arrive()
    {
        await using var server = await TestServer.StartAsync("test", map: app => app.MapGrpcService<TestSources>());
        var start = new UploadSourceRequest { Start = new() { Parent = "tenants/acme/apps/shop" } };
        UploadSourceRequest[] all = [start, new() { Data = ByteString.CopyFromUtf8("x") }];
        using (var broken = new SourceService.SourceServiceClient(server.Channel).UploadSource(As("mesh_developer")))
        {
            var unreadable = all.Concat(Enumerable.Range(0, 1).Select<int, UploadSourceRequest>(_ => throw new IOException("the disk is away")));
            await Assert.ThrowsAsync<IOException>(() => broken.RequestStream.TryWriteAllAsync(unreadable.ToAsyncEnumerable()));
        }

        using var whole = new SourceService.SourceServiceClient(server.Channel).UploadSource(As("mesh_developer"));
        Assert.True(await whole.RequestStream.TryWriteAllAsync(all.ToAsyncEnumerable()));
        Assert.Equal(1, (await whole.ResponseAsync.WaitAsync(Wait.Limit)).Source.SizeBytes);
    }

    private static IEnumerable<UploadSourceRequest> Forever()
    {
        while (true) yield return Large;
    }

    private static async Task AssertAwayAsync(Task answer) =>
        Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => answer.WaitAsync(Wait.Limit))).StatusCode);
}
