using System.Collections.Concurrent;
using Grpc.Core;
using Mesh.Auth.V1;
using Mesh.Builder.V1;
using Mesh.Common.Auth;
using Mesh.Common.Errors;
using Mesh.Common.Hosting;
using Mesh.Common.Tests.Hosting;
using Mesh.Contracts;
using Mesh.Controller.V1;
using Mesh.Ingestion.V1;
using Mesh.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using static Mesh.Common.Tests.Hosting.Calls;

namespace Mesh.Common.Tests.Auth;

public sealed class OpenStreamTests : IAsyncLifetime
{
    private const int EmptyMessage = 5;

    private readonly ChangingTokens _tokens = new();
    private TestServer _server = null!;

    public async Task InitializeAsync() => _server = await StartAsync(TimeSpan.FromSeconds(60));

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Each_kind_of_stream_ends_when_its_token_is_revoked_and_what_was_answered_stays()
    {
        using var watch = await WatchAsync("mesh_gone", "calm");
        using var busy = await WatchAsync("mesh_gone", "busy");
        using var echo = await EchoAsync("mesh_gone");
        using var upload = await UploadAsync("mesh_gone");
        using var kept = await WatchAsync("mesh_kept", "calm");
        using var ours = await WatchAsync(ServiceToken.Create(TestServer.ClusterKeyBytes, "tests"), "calm");
        // All are read until their ends, so that none waits for its reader.
        var ends = Task.WhenAll(EndAsync(watch.ResponseStream), EndAsync(busy.ResponseStream), EndAsync(echo.ResponseStream));
        _tokens.Set("mesh_gone", null);

        var gone = (StatusCode.Unauthenticated, (string?)"TOKEN_INVALID");
        Assert.Equal([gone, gone, gone], await ends);
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await upload);
        Assert.Equal(gone, (refused.StatusCode, refused.Reason()));

        // The others go on: they say the next thing when they are told to.
        Ticks.Say("calm");
        Assert.True(await kept.ResponseStream.MoveNext(default));
        Assert.True(await ours.ResponseStream.MoveNext(default));
    }

    [Fact]
    public async Task Who_sends_when_his_token_is_revoked_sends_his_message_to_the_end_and_hears_why()
    {
        using var call = new UnfinishedCall(_server.Address, "/mesh.ingestion.v1.TelemetryService/Stream", 8 << 20, "Bearer mesh_midway", afterAnother: true);
        using var answer = await call.Answer.WaitAsync(Wait.Limit);
        await using var answers = await answer.Content.ReadAsStreamAsync();
        await answers.ReadExactlyAsync(new byte[EmptyMessage * 2]).AsTask().WaitAsync(Wait.Limit);
        _tokens.Set("mesh_midway", null);
        await Wait.UntilAsync("the handler has ended", () => Echo.HasEnded("mesh_midway"));
        call.Finish();
        Assert.True(await call.Whole.WaitAsync(Wait.Limit));
        Assert.Equal(0, await answers.ReadAsync(new byte[1]).AsTask().WaitAsync(Wait.Limit));
        Assert.Equal("16", answer.TrailingHeaders.GetValues("grpc-status").Single());
    }

    [Fact]
    public async Task Who_sends_all_the_time_hears_why_his_stream_has_ended()
    {
        using var echo = await EchoAsync("mesh_sending");
        // It ends with the call at the latest.
        _ = Task.Run(async () =>
        {
            while (await echo.RequestStream.TryWriteAsync(new() { Open = new() { Parent = new('x', 100_000) } }));
        });
        _tokens.Set("mesh_sending", null);
        Assert.Equal((StatusCode.Unauthenticated, "TOKEN_INVALID"), await EndAsync(echo.ResponseStream));
    }

    [Fact]
    public async Task A_handlers_own_token_is_followed_once_and_not_for_each_message()
    {
        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();
        var call = new TestCall();
        MeshAuthorization.Admit(call, new Principal { Subject = "tenants/acme/members/person" }, new Access());
        using var guard = StreamGuard.Over(call, _server.Services.GetRequiredService<TokenAuthenticator>(), StreamChecks.Normal, TimeProvider.System)!;
        var inner = new TokenNotes();
        using var writer = new GuardedWriter<string>(inner, guard);
        foreach (var token in new[] { first.Token, first.Token, second.Token, second.Token })
            await writer.WriteAsync("x", token);

        Assert.Equal(inner.Tokens[0], inner.Tokens[1]);
        Assert.Equal(inner.Tokens[2], inner.Tokens[3]);
        await second.CancelAsync();
        Assert.False(inner.Tokens[0].IsCancellationRequested);
        Assert.True(inner.Tokens[2].IsCancellationRequested);
    }

    [Fact]
    public async Task A_stream_ends_when_its_role_is_taken_away_and_one_that_needs_less_goes_on()
    {
        using var watch = await WatchAsync("mesh_lowered", "lowered");
        using var echo = await EchoAsync("mesh_lowered");
        using var left = await WatchAsync("mesh_left", "lowered");
        _tokens.Set("mesh_lowered", Role.Viewer);
        _tokens.Set("mesh_left", Role.Unspecified);

        Assert.Equal((StatusCode.PermissionDenied, "PERMISSION_DENIED"), await EndAsync(echo.ResponseStream));
        Assert.Equal((StatusCode.PermissionDenied, "ROLE_TAKEN_AWAY"), await EndAsync(left.ResponseStream));
        Ticks.Say("lowered");
        Assert.True(await watch.ResponseStream.MoveNext(default));
    }

    [Fact]
    public async Task A_stream_goes_on_while_nobody_can_tell_whose_its_token_is()
    {
        using var watch = await WatchAsync("mesh_unclear", "unclear");
        _tokens.Break("mesh_unclear");
        await Wait.UntilAsync("it was asked for twice in vain", () => _tokens.AskedInVain("mesh_unclear") >= 2);
        Ticks.Say("unclear");
        Assert.True(await watch.ResponseStream.MoveNext(default));
        _tokens.Set("mesh_unclear", null);
        Assert.Equal(StatusCode.Unauthenticated, (await EndAsync(watch.ResponseStream)).Code);
    }

    [Fact]
    public async Task A_handler_that_does_not_listen_is_broken_off()
    {
        await using var server = await StartAsync(TimeSpan.FromMilliseconds(100));
        using var watch = await WatchAsync("mesh_stubborn", "stubborn", server);
        _tokens.Set("mesh_stubborn", null);
        await EndAsync(watch.ResponseStream);
        Ticks.Say("never");
    }

    private Task<TestServer> StartAsync(TimeSpan patience) => TestServer.StartAsync(
        "test",
        builder =>
        {
            builder.Services.AddSingleton<ITokenResolver>(_tokens);
            builder.Services.AddSingleton(new RestLimits(64 << 20, TimeSpan.FromHours(1), TimeSpan.FromHours(1), 8));
            builder.Services.AddSingleton(new StreamChecks(TimeSpan.FromMilliseconds(500), patience));
        },
        app =>
        {
            app.MapGrpcService<Ticks>();
            app.MapGrpcService<Echo>();
            app.MapGrpcService<TestSources>();
        });

    private async Task<AsyncServerStreamingCall<WatchEventsResponse>> WatchAsync(string token, string how, TestServer? server = null)
    {
        var call = new EventService.EventServiceClient((server ?? _server).Channel)
            .WatchEvents(new() { Parent = "tenants/acme", Cursor = how }, As(token));
        Assert.True(await call.ResponseStream.MoveNext(default));
        return call;
    }

    private async Task<AsyncDuplexStreamingCall<StreamRequest, StreamResponse>> EchoAsync(string token)
    {
        var call = new TelemetryService.TelemetryServiceClient(_server.Channel).Stream(As(token));
        await call.RequestStream.WriteAsync(new());
        Assert.True(await call.ResponseStream.MoveNext(default));
        return call;
    }

    private async Task<AsyncClientStreamingCall<UploadSourceRequest, UploadSourceResponse>> UploadAsync(string token)
    {
        var call = new SourceService.SourceServiceClient(_server.Channel).UploadSource(As(token));
        await call.RequestStream.WriteAsync(new() { Start = new() { Parent = "tenants/acme/apps/shop" } });
        return call;
    }

    private static async Task<(StatusCode Code, string? Reason)> EndAsync<T>(IAsyncStreamReader<T> stream)
    {
        using var limit = new CancellationTokenSource(Wait.Limit);
        var end = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await stream.MoveNext(limit.Token));
        });
        Assert.False(limit.IsCancellationRequested, "The stream goes on.");
        return (end.StatusCode, end.Reason());
    }

    /// <summary>Tokens that are a developer's of `acme` until they are changed.</summary>
    private sealed class ChangingTokens : ITokenResolver
    {
        private readonly ConcurrentDictionary<string, Role?> _roles = new();
        private readonly ConcurrentDictionary<string, int> _broken = new();

        public void Set(string token, Role? role)
        {
            _roles[TokenHash.Of(token)] = role;
            _broken.TryRemove(TokenHash.Of(token), out _);
        }

        public void Break(string token) => _broken[TokenHash.Of(token)] = 0;

        public int AskedInVain(string token) => _broken[TokenHash.Of(token)];

        public Task<ResolvedToken?> ResolveAsync(string tokenHash, CancellationToken cancellationToken)
        {
            if (_broken.ContainsKey(tokenHash))
            {
                _broken.AddOrUpdate(tokenHash, 1, (_, count) => count + 1);
                throw new RpcException(new Status(StatusCode.Unavailable, "away"));
            }

            return Task.FromResult(_roles.GetOrAdd(tokenHash, Role.Developer) is { } role
                ? new ResolvedToken(new Principal { Subject = "tenants/acme/members/person", Roles = new Dictionary<string, Role> { ["acme"] = role } })
                : null);
        }
    }

    /// <summary>Says one thing, and another when it is told to; a busy one says something all the time.</summary>
    private sealed class Ticks : EventService.EventServiceBase
    {
        private static readonly ConcurrentDictionary<string, TaskCompletionSource> s_said = new();

        public static void Say(string how) => Next(how).SetResult();

        public override async Task WatchEvents(
            WatchEventsRequest request, IServerStreamWriter<WatchEventsResponse> responseStream, ServerCallContext context)
        {
            await responseStream.WriteAsync(new(), context.CancellationToken);
            for (var i = 0; request.Cursor == "busy"; i++)
            {
                await responseStream.WriteAsync(new(), context.CancellationToken);
                if (i % 10 == 0) await Task.Delay(1, context.CancellationToken);
            }

            await (request.Cursor == "stubborn" ? Next("never").Task : Next(request.Cursor).Task.WaitAsync(context.CancellationToken));
            await responseStream.WriteAsync(new(), context.CancellationToken);
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
        }

        private static TaskCompletionSource Next(string how) =>
            s_said.GetOrAdd(how, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
    }

    /// <summary>Says that it is there, and answers each message, for developers.</summary>
    private sealed class Echo : TelemetryService.TelemetryServiceBase
    {
        private static readonly ConcurrentDictionary<string, bool> s_ended = new();

        public static bool HasEnded(string token) => s_ended.ContainsKey("Bearer " + token);

        public override async Task Stream(
            IAsyncStreamReader<StreamRequest> requestStream, IServerStreamWriter<StreamResponse> responseStream, ServerCallContext context)
        {
            context.Demand("telemetry.write", Role.Developer, "acme");
            try
            {
                await responseStream.WriteAsync(new(), context.CancellationToken);
                await foreach (var _ in requestStream.ReadAllAsync(context.CancellationToken))
                    await responseStream.WriteAsync(new(), context.CancellationToken);
            }
            finally
            {
                s_ended[context.RequestHeaders.GetValue("authorization")!] = true;
            }
        }
    }

    private sealed class TokenNotes : IServerStreamWriter<string>
    {
        public List<CancellationToken> Tokens { get; } = [];

        public WriteOptions? WriteOptions { get; set; }

        public Task WriteAsync(string message) => WriteAsync(message, CancellationToken.None);

        public Task WriteAsync(string message, CancellationToken cancellationToken)
        {
            Tokens.Add(cancellationToken);
            return Task.CompletedTask;
        }
    }
}
