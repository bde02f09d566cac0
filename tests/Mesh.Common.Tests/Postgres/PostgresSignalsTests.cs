using System.Globalization;
using Mesh.Common.Postgres;
using Mesh.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Mesh.Common.Tests.Postgres;

[Trait("Needs", "servers")]
public sealed class PostgresSignalsTests : IAsyncLifetime
{
    private static readonly TimeSpan s_now = TimeSpan.Zero;

    private readonly CancellationTokenSource _patience = new(3 * Wait.Limit);
    private NpgsqlDataSource _source = null!;
    private NpgsqlDataSource _others = null!;
    private PostgresSignals _signals = null!;

    public async Task InitializeAsync()
    {
        var database = await (await PostgresServer.GetAsync()).CreateDatabaseAsync();
        _source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database) { ApplicationName = "signals" }.ConnectionString);
        _others = NpgsqlDataSource.Create(database);
        var listener = new PostgresListener(_source, TimeProvider.System, NullLogger<PostgresListener>.Instance);
        _signals = new PostgresSignals(listener, ["news", "queue"], TimeProvider.System, NullLogger<PostgresSignals>.Instance);
        // The first connection wakes everybody: what is heard from here on is what a test sends.
        using var connected = _signals.Subscribe("news");
        await _signals.StartAsync(default);
        await connected.WaitAsync(_patience.Token);
    }

    public async Task DisposeAsync()
    {
        await _signals.StopAsync(default);
        _signals.Dispose();
        await _source.DisposeAsync();
        await _others.DisposeAsync();
        _patience.Dispose();
    }

    [Fact]
    public async Task Those_who_wait_for_the_topic_are_woken_and_nobody_else()
    {
        using var first = _signals.Subscribe("news", "a");
        using var second = _signals.Subscribe("news", "a");
        using var otherPayload = _signals.Subscribe("news", "b");
        using var otherChannel = _signals.Subscribe("queue", "a");
        await NotifyAsync("news", "a");
        await Task.WhenAll(first.WaitAsync(_patience.Token), second.WaitAsync(_patience.Token));
        Assert.False(await otherPayload.WaitAsync(s_now, default));
        Assert.False(await otherChannel.WaitAsync(s_now, default));
    }

    [Fact]
    public async Task Signals_that_come_while_nobody_waits_are_kept_as_one()
    {
        using var busy = _signals.Subscribe("news", "a");
        using var last = _signals.Subscribe("queue");
        await NotifyAsync("news", "a");
        await NotifyAsync("news", "a");
        await NotifyAsync("queue");
        await last.WaitAsync(_patience.Token);
        Assert.True(await busy.WaitAsync(s_now, default));
        Assert.False(await busy.WaitAsync(s_now, default));
    }

    [Fact]
    public async Task A_wait_that_is_cancelled_takes_no_signal()
    {
        using var waiting = _signals.Subscribe("news", "a");
        using var last = _signals.Subscribe("queue");
        using var cancelled = new CancellationTokenSource();
        var wait = waiting.WaitAsync(cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        await NotifyAsync("news", "a");
        await NotifyAsync("queue");
        await last.WaitAsync(_patience.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(cancelled.Token));
        Assert.True(await waiting.WaitAsync(s_now, default));
    }

    [Fact]
    public async Task Everybody_is_woken_when_the_connection_was_away()
    {
        using var a = _signals.Subscribe("news", "a");
        using var b = _signals.Subscribe("queue");
        var missed = new TaskCompletionSource();
        _signals.Heard += heard => _ = heard.Missed && missed.TrySetResult();
        await KillAsync();
        await Task.WhenAll(a.WaitAsync(_patience.Token), b.WaitAsync(_patience.Token), missed.Task.WaitAsync(_patience.Token));
        await NotifyAsync("news", "a");
        await a.WaitAsync(_patience.Token);
    }

    [Fact]
    public async Task Who_subscribes_before_it_reads_misses_nothing_even_while_the_connection_is_killed_again_and_again()
    {
        const int steps = 300;
        await RunAsync("create table progress (step int); insert into progress values (0)");
        var readers = Enumerable.Range(0, 4).Select(_ => ReadUntilAsync(steps)).ToArray();
        for (var step = 1; step <= steps; step++)
        {
            await RunAsync($"update progress set step = {step}; select pg_notify('news', 'progress')");
            if (step % 60 == 0) await KillAsync();
        }
        // The last step comes to whoever waits although nobody looks by time.
        await Task.WhenAll(readers);
    }

    [Fact]
    public async Task However_many_wait_there_is_one_connection_and_who_is_gone_leaves_nothing()
    {
        var subscriptions = Enumerable.Range(0, 1000).Select(i => _signals.Subscribe("news", $"{i / 2}")).ToArray();
        Assert.Equal(500, _signals.Topics);
        Assert.Equal("1", await RunAsync("select count(*) from pg_stat_activity where application_name = 'signals' and datname = current_database()"));
        foreach (var subscription in subscriptions.Where((_, i) => i % 2 == 0)) subscription.Dispose();
        Assert.Equal(500, _signals.Topics);
        await NotifyAsync("news", "499");
        await subscriptions[999].WaitAsync(_patience.Token);
        foreach (var subscription in subscriptions) subscription.Dispose();
        Assert.Equal(0, _signals.Topics);
    }

    [Fact]
    public void A_channel_that_nobody_listens_to_is_refused() => Assert.Throws<ArgumentException>(() => _signals.Subscribe("nobody"));

    private async Task ReadUntilAsync(int last)
    {
        using var news = _signals.Subscribe("news", "progress");
        while (await RunAsync("select step from progress") != last.ToString(CultureInfo.InvariantCulture)) await news.WaitAsync(_patience.Token);
    }

    private Task<string> NotifyAsync(string channel, string payload = "") => RunAsync($"select pg_notify('{channel}', '{payload}')");

    private Task<string> KillAsync() => RunAsync(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'signals' and datname = current_database()");

    private async Task<string> RunAsync(string sql)
    {
        await using var command = _others.CreateCommand(sql);
        return Convert.ToString(await command.ExecuteScalarAsync(_patience.Token), CultureInfo.InvariantCulture) ?? "";
    }
}
