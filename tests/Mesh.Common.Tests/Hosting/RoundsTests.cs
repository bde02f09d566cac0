using System.Collections.Concurrent;
using Grpc.Core;
using Mesh.Common.Hosting;
using Mesh.Common.Resilience;
using Mesh.Testing;
using Microsoft.Extensions.Logging;

namespace Mesh.Common.Tests.Hosting;

public sealed class RoundsTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_tick = TimeSpan.FromTicks(1);

    private readonly ManualTime _time = new();
    private readonly RecordedLog _log = new();
    private int _begun;

    public static TheoryData<Exception> Exceptions =>
    [
        new InvalidOperationException("broken"),
        new ArgumentNullException("argument"),
        new IOException("No space left on device"),
        new OperationCanceledException("a limit of its own"),
        new TaskCanceledException("a limit of its own"),
        new RpcException(new Status(StatusCode.Cancelled, "the other side")),
        new AggregateException(new HttpRequestException("refused")),
        new OwnException(),
    ];

    [Theory]
    [MemberData(nameof(Exceptions))]
    public async Task Whatever_a_round_throws_does_not_end_the_loop(Exception exception)
    {
        using var loop = Loop(new Rounds("It failed", _time, _log), async (round, stop) =>
        {
            if (round == 1) throw exception;
            if (round == 2) await Task.FromException(exception);
            await Task.Delay(Timeout.Infinite, stop);
        });
        await loop.StartAsync(default);
        await PausesAsync(1);
        _time.Advance(s_second);
        await PausesAsync(2);
        _time.Advance(s_second);
        await BegunAsync(3);
        Assert.False(loop.ExecuteTask!.IsCompleted);
        Assert.Single(_log.Lines);
        await loop.StopAsync(default);
        Assert.True(loop.ExecuteTask.IsCompletedSuccessfully);
        Assert.Single(_log.Lines);
    }

    [Fact]
    public async Task The_pause_is_kept_after_a_round_and_after_a_failure()
    {
        var rounds = new Rounds("It failed", _time, _log) { Pause = 10 * s_second };
        using var loop = Loop(rounds, (round, _) => round == 2 ? throw new IOException("broken") : Task.CompletedTask);
        await loop.StartAsync(default);
        for (var round = 1; round <= 4; round++)
        {
            await PausesAsync(round);
            _time.Advance(10 * s_second - s_tick);
            Assert.Equal(round, Volatile.Read(ref _begun));
            _time.Advance(s_tick);
        }
        await loop.StopAsync(default);
    }

    [Fact]
    public async Task Pauses_grow_with_the_failures_in_a_row_and_begin_anew_after_a_round_that_did_not_fail()
    {
        var rounds = new Rounds("It failed", _time, _log) { AfterFailure = Backoff.Of(1000, 4000) };
        using var loop = Loop(rounds, (round, _) => round == 6 ? Task.CompletedTask : throw new IOException("broken"));
        await loop.StartAsync(default);
        var pause = 0;
        foreach (var seconds in new[] { 1, 2, 4, 4, 4, 1, 2 })
        {
            await PausesAsync(++pause);
            var begun = Volatile.Read(ref _begun);
            _time.Advance(seconds * s_second - s_tick);
            Assert.Equal(begun, Volatile.Read(ref _begun));
            _time.Advance(s_tick);
        }
        await loop.StopAsync(default);
    }

    [Fact]
    public async Task A_stop_ends_a_pause_at_once()
    {
        using var loop = Loop(new Rounds("It failed", _time, _log) { Pause = TimeSpan.FromDays(1) }, (_, _) => Task.CompletedTask);
        await loop.StartAsync(default);
        await PausesAsync(1);
        await loop.StopAsync(default);
        Assert.True(loop.ExecuteTask!.IsCompletedSuccessfully);
        Assert.Equal(1, _begun);
    }

    [Fact]
    public async Task What_breaks_because_of_the_stop_is_not_logged()
    {
        using var loop = Loop(new Rounds("It failed", _time, _log), async (_, stop) =>
        {
            await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw new IOException("The connection was closed.");
        });
        await loop.StartAsync(default);
        await BegunAsync(1);
        await loop.StopAsync(default);
        Assert.True(loop.ExecuteTask!.IsCompletedSuccessfully);
        Assert.Empty(_log.Lines);
        Assert.Equal(1, _begun);
    }

    [Fact]
    public async Task Failures_alike_are_logged_once_and_again_after_a_round_that_did_not_fail()
    {
        var failures = new[] { "a", "a", "b", "b", "a", "", "a" };
        using var loop = Loop(new Rounds("It failed", _time, _log) { Pause = s_second }, (round, _) =>
            failures.ElementAtOrDefault(round - 1) is { Length: > 0 } failure ? throw new IOException(failure) : Task.CompletedTask);
        await loop.StartAsync(default);
        for (var pause = 1; pause <= failures.Length; pause++)
        {
            await PausesAsync(pause);
            _time.Advance(s_second);
        }
        await loop.StopAsync(default);
        Assert.Equal(["It failed: a", "It failed: b", "It failed: a", "It failed: a"], _log.Lines.Select(line => line.Text));
    }

    [Fact]
    public async Task A_failure_that_lasts_is_logged_again_every_ten_minutes()
    {
        using var loop = Loop(new Rounds("It failed", _time, _log) { Pause = 60 * s_second }, (_, _) => throw new IOException("broken"));
        await loop.StartAsync(default);
        for (var pause = 1; pause <= 25; pause++)
        {
            await PausesAsync(pause);
            Assert.Equal(1 + (pause - 1) / 10, _log.Lines.Count);
            _time.Advance(60 * s_second);
        }
        await loop.StopAsync(default);
    }

    [Fact]
    public async Task What_is_away_is_a_warning_and_a_fault_of_ours_an_error_with_its_stack()
    {
        using var loop = Loop(new Rounds("It failed", _time, _log), (round, _) => throw (round == 1
            ? new HttpRequestException("Connection refused")
            : new InvalidOperationException("broken")));
        await loop.StartAsync(default);
        await PausesAsync(1);
        _time.Advance(s_second);
        await PausesAsync(2);
        await loop.StopAsync(default);
        Assert.Equal([(LogLevel.Warning, "It failed: Connection refused", false), (LogLevel.Error, "It failed: broken", true)], _log.Lines);
    }

    [Fact]
    public async Task What_has_to_be_done_once_is_tried_until_it_is_done()
    {
        var done = new Rounds("It failed", _time, _log).UntilDoneAsync(
            _ => Interlocked.Increment(ref _begun) < 3 ? throw new IOException("broken") : Task.CompletedTask, default);
        for (var pause = 1; pause < 3; pause++)
        {
            await PausesAsync(pause);
            Assert.False(done.IsCompleted);
            _time.Advance(s_second);
        }
        await done.WaitAsync(Wait.Limit);
        Assert.Equal(3, _begun);
    }

    [Fact]
    public async Task What_was_stopped_before_it_was_done_is_not_done()
    {
        using var stop = new CancellationTokenSource();
        var done = new Rounds("It failed", _time, _log).UntilDoneAsync(_ => throw new IOException("broken"), stop.Token);
        await PausesAsync(1);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => done.WaitAsync(Wait.Limit));
    }

    private RoundLoop Loop(Rounds rounds, Func<int, CancellationToken, Task> round) =>
        new(stop => rounds.RunAsync(ending => round(Interlocked.Increment(ref _begun), ending), stop));

    private Task BegunAsync(int round) => Wait.UntilAsync($"round {round} has begun", () => Volatile.Read(ref _begun) == round);

    private Task PausesAsync(int pause) => Wait.UntilAsync($"pause {pause} has begun", () => _time.Timers == pause);

    private sealed class RoundLoop(Func<CancellationToken, Task> work) : BackgroundLoop
    {
        protected override Task LoopAsync(CancellationToken stoppingToken) => work(stoppingToken);
    }

    private sealed class RecordedLog : ILogger
    {
        public ConcurrentQueue<(LogLevel Level, string Text, bool Stack)> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue((logLevel, formatter(state, exception), exception is not null));
    }

    private sealed class OwnException : Exception;
}
