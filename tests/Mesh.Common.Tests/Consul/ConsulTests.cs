using System.Text;
using System.Text.Json;
using Mesh.Common.Consul;
using Mesh.Common.Tests.Hosting;
using Mesh.Servers;
using Mesh.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mesh.Common.Tests.Consul;

[Trait("Needs", "servers")]
public sealed class ConsulTests : IAsyncLifetime
{
    private ConsulAgent _agent = null!;
    private ConsulClient _consul = null!;

    public async Task InitializeAsync()
    {
        _agent = await ConsulAgent.StartAsync();
        _consul = new(_agent.Address, TimeProvider.System);
    }

    public async Task DisposeAsync()
    {
        _consul.Dispose();
        await _agent.DisposeAsync();
    }

    [Fact]
    public async Task A_server_is_found_from_its_start_to_its_stop()
    {
        await using var server = await TestServer.StartAsync("shop", settings: [$"--MESH_CONSUL={_agent.Address}", "--MESH_DRAIN_SECONDS=10"]);
        await Wait.UntilAsync("the server is healthy in Consul", async () => (await _consul.HealthyAsync("shop", default)).Count == 1);
        var instance = Assert.Single(await _consul.HealthyAsync("shop", default));
        Assert.Equal(server.Address, new Uri($"http://{instance.Address}:{instance.Port}"));

        var stopping = server.StopAsync();
        await Wait.UntilAsync("the server has left Consul", async () => (await _consul.HealthyAsync("shop", default)).Count == 0);
        // It has left, and for a while it still answers whoever has not noticed.
        using var http = server.Http();
        Assert.Equal(503, (int)(await http.GetAsync("/healthz/ready")).StatusCode);
        await stopping;
    }

    [Fact]
    public async Task A_server_that_consul_has_forgotten_registers_again()
    {
        await using var server = await TestServer.StartAsync("shop", settings: $"--MESH_CONSUL={_agent.Address}");
        await Wait.UntilAsync("the server is healthy in Consul", async () => (await _consul.HealthyAsync("shop", default)).Count == 1);
        var id = (await _consul.HealthyAsync("shop", default))[0].Id;
        await _consul.DeregisterAsync(id, default);
        // It may look at any moment, and be back at once.
        await Wait.UntilAsync("the server is back", () => _consul.KnowsAsync(id, default));
        await Wait.UntilAsync("the server is healthy again", async () => (await _consul.HealthyAsync("shop", default)).Count == 1);
    }

    [Fact]
    public async Task Another_program_at_the_address_does_not_answer_for_the_one_that_was_there()
    {
        await using var server = await TestServer.StartAsync("shop", settings: $"--MESH_CONSUL={_agent.Address}");
        await _consul.RegisterAsync(new("old", "old", "127.0.0.1", server.Address.Port), default);
        using var http = new HttpClient { BaseAddress = _agent.Address };
        await Wait.UntilAsync("Consul has looked", async () =>
        {
            using var checks = JsonDocument.Parse(await http.GetStringAsync(new Uri("v1/agent/checks", UriKind.Relative)));
            return checks.RootElement.EnumerateObject().Any(check =>
                check.Value.GetProperty("ServiceID").GetString() == "old" && check.Value.GetProperty("Output").GetString()!.Length > 0);
        });
        Assert.Empty(await _consul.HealthyAsync("old", default));
    }

    [Fact]
    public async Task Keys_are_written_read_compared_and_deleted()
    {
        Assert.Null(await _consul.GetAsync("a/b c", default));
        Assert.True(await _consul.CompareAndSetAsync("a/b c", "1"u8.ToArray(), 0, default));
        Assert.False(await _consul.CompareAndSetAsync("a/b c", "2"u8.ToArray(), 0, default));
        var entry = (await _consul.GetAsync("a/b c", default))!;
        Assert.Equal("1"u8.ToArray(), entry.Value);
        Assert.True(await _consul.CompareAndSetAsync("a/b c", "2"u8.ToArray(), entry.ModifyIndex, default));
        Assert.False(await _consul.CompareAndSetAsync("a/b c", "3"u8.ToArray(), entry.ModifyIndex, default));
        await _consul.DeleteAsync("a/b c", default);
        Assert.Null(await _consul.GetAsync("a/b c", default));
    }

    [Fact]
    public async Task A_watch_ends_with_the_change()
    {
        await _consul.PutAsync("k", "1"u8.ToArray(), default);
        var before = await _consul.WatchKeyAsync("k", 0, TimeSpan.FromSeconds(1), default);
        var watch = _consul.WatchKeyAsync("k", before.Index, TimeSpan.FromSeconds(60), default);
        await _consul.PutAsync("k", "2"u8.ToArray(), default);
        Assert.Equal("2"u8.ToArray(), (await watch).Value!.Value);
    }

    [Fact]
    public async Task One_holds_the_lock_and_the_next_when_it_is_given_up()
    {
        var first = new LeaderLock(_consul, "leader", "first", TimeProvider.System, NullLogger<LeaderLock>.Instance);
        var second = new LeaderLock(_consul, "leader", "second", TimeProvider.System, NullLogger<LeaderLock>.Instance);
        using var stopFirst = new CancellationTokenSource();
        using var stopSecond = new CancellationTokenSource();
        var firstRuns = first.RunAsync((_, lost) => Task.Delay(Timeout.Infinite, lost), stopFirst.Token);
        await Wait.UntilAsync("the first holds the lock", () => first.IsHeld);
        var secondRuns = second.RunAsync((_, lost) => Task.Delay(Timeout.Infinite, lost), stopSecond.Token);
        await _consul.PutAsync("other", [], default);
        Assert.False(second.IsHeld);

        await stopFirst.CancelAsync();
        await firstRuns;
        Assert.False(first.IsHeld);
        await Wait.UntilAsync("the second holds the lock", () => second.IsHeld);
        await stopSecond.CancelAsync();
        await secondRuns;
    }

    [Fact]
    public async Task A_holder_whose_session_ends_notices_and_competes_again()
    {
        var leader = new LeaderLock(_consul, "leader", "only", TimeProvider.System, NullLogger<LeaderLock>.Instance);
        using var stop = new CancellationTokenSource();
        var terms = new List<LeaderClaim>();
        var runs = leader.RunAsync(async (claim, lost) =>
        {
            lock (terms) terms.Add(claim);
            await Task.Delay(Timeout.Infinite, lost);
        }, stop.Token);
        await Wait.UntilAsync("the lock is held", () => leader.IsHeld);
        await _consul.DestroySessionAsync((await _consul.GetAsync("leader", default))!.Session!, default);
        await Wait.UntilAsync("the lock is held again", () => { lock (terms) return terms.Count >= 2; });
        await terms[^1].ConfirmAsync(default);
        await Assert.ThrowsAsync<LeadershipLostException>(() => terms[0].ConfirmAsync(default));
        await stop.CancelAsync();
        await runs;
    }

    [Fact]
    public async Task A_holder_at_whose_address_nobody_listens_is_not_waited_for()
    {
        // It never renews, and a session lives for an hour: only its address can tell.
        var session = await SessionAsync();
        Assert.True(await _consul.AcquireAsync("dead-holder", Encoding.UTF8.GetBytes($"127.0.0.1:{FreePorts.Next()}"), session, default));
        await WinsAsync("dead-holder", "127.0.0.1:1");
    }

    [Fact]
    public async Task A_predecessor_at_the_same_address_is_not_waited_for()
    {
        var session = await SessionAsync();
        Assert.True(await _consul.AcquireAsync("predecessor", "127.0.0.1:2"u8.ToArray(), session, default));
        await WinsAsync("predecessor", "127.0.0.1:2");
    }

    private async Task<string> SessionAsync()
    {
        string? session = null;
        // An agent that has just started does not know its own node yet.
        await Wait.UntilAsync("there is a session", async () =>
        {
            try
            {
                session = await _consul.CreateSessionAsync("before", TimeSpan.FromHours(1), TimeSpan.FromSeconds(1), default);
            }
            catch (HttpRequestException)
            {
            }
            return session is not null;
        });
        return session!;
    }

    private async Task WinsAsync(string key, string holder)
    {
        var leader = new LeaderLock(_consul, key, holder, TimeProvider.System, NullLogger<LeaderLock>.Instance);
        using var stop = new CancellationTokenSource();
        var runs = leader.RunAsync((_, lost) => Task.Delay(Timeout.Infinite, lost), stop.Token);
        await Wait.UntilAsync("the lock is held", () => leader.IsHeld);
        await stop.CancelAsync();
        await runs;
    }
}
