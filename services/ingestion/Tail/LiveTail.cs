using System.Collections.Concurrent;
using Mesh.Common.Errors;
using Mesh.Common.Hosting;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Log;
using Mesh.Ingestion.Tables;
using Mesh.Ingestion.Writers;

namespace Mesh.Ingestion.Tail;

/// <summary>
/// Follows the write-ahead log behind its durable end and hands new log records to whoever tails them. It reads what the
/// kernel still has in memory, asks no database, and rests while nobody tails.
/// </summary>
public sealed class LiveTail(WriteAheadLog log, TimeProvider time, ILogger<LiveTail> logger) : BackgroundLoop
{
    private const int MaxOfTenant = 100;
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<TailSubscription, byte> _subscriptions = new();
    private readonly TelemetryBatch _batch = new();
    private TaskCompletionSource _woken = NewSignal();

    /// <summary>Begins to follow, from what the database may not have yet or from now on.</summary>
    public TailSubscription Subscribe(LogFilter filter, bool undrained)
    {
        if (_subscriptions.Keys.Count(other => !other.Relayed && other.Filter.Tenant == filter.Tenant) >= MaxOfTenant)
            throw MeshException.ResourceExhausted("TOO_MANY_TAILS", $"The tenant follows its logs {MaxOfTenant} times already.", Later);
        return Add(filter, relayed: false, () => Start(undrained));
    }

    /// <summary>Begins to follow for another replica, which bounds its own readers.</summary>
    public TailSubscription Relay(LogFilter filter, bool undrained, V1.TailPosition? after) =>
        Add(filter, relayed: true, () => after is null ? Start(undrained) : after.Log == LogId ? Behind(after) : Start(undrained: true));

    /// <summary>How far a subscription has been read, for the replica that reads it.</summary>
    public V1.TailPosition PositionOf(TailSubscription subscription) =>
        new() { Log = LogId, Frame = subscription.Reached.Frame, Rows = subscription.Reached.Row };

    private string LogId => log.Recovered.LogId.ToString();

    protected override Task LoopAsync(CancellationToken stoppingToken) =>
        new Rounds("Following the log begins anew", time, logger).RunAsync(RoundAsync, stoppingToken);

    private async Task RoundAsync(CancellationToken stoppingToken)
    {
        var woken = NewSignal();
        Volatile.Write(ref _woken, woken);
        if (_subscriptions.IsEmpty)
            await woken.Task.WaitAsync(stoppingToken);

        try
        {
            await FollowAsync(stoppingToken);
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException)
        {
            // A reader that fell behind truncation goes on where the log begins.
            foreach (var (subscription, _) in _subscriptions)
                subscription.Next = Math.Max(subscription.Next, log.Checkpoint);
            throw;
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private TailSubscription Add(LogFilter filter, bool relayed, Func<TailedRow> start)
    {
        var subscription = new TailSubscription(filter, ended => _subscriptions.TryRemove(ended, out _), relayed);
        _subscriptions.TryAdd(subscription, 0);

        // Only now: what becomes durable from here on meets the subscription.
        subscription.Begin(start());
        Volatile.Read(ref _woken).TrySetResult();
        return subscription;
    }

    private TailedRow Start(bool undrained) => new(undrained ? log.Checkpoint : log.DurableEnd, 0);

    private TailedRow Behind(V1.TailPosition position)
    {
        var first = log.First;
        return position.Frame > log.DurableEnd ? Start(undrained: true) : position.Frame < first ? new(first, 0) : new(position.Frame, position.Rows);
    }

    private async Task FollowAsync(CancellationToken stoppingToken)
    {
        using var reader = new LogReader(log, log.DurableEnd);
        while (!_subscriptions.IsEmpty)
        {
            var woken = NewSignal();
            Volatile.Write(ref _woken, woken);
            var lowest = _subscriptions.Keys.Select(subscription => subscription.Next).DefaultIfEmpty(long.MaxValue).Min();
            if (lowest < reader.Position)
                reader.Seek(lowest);
            while (reader.TryRead())
                Publish(reader);
            await Task.WhenAny(log.WaitBeyondAsync(reader.Position, stoppingToken), woken.Task);
            stoppingToken.ThrowIfCancellationRequested();
        }
    }

    private void Publish(LogReader reader)
    {
        var payload = new ByteReader(reader.Payload);
        RecordHead.Read(ref payload);
        _batch.Clear();
        _batch.Append(ref payload);
        var start = reader.Position - reader.Header.FrameLength;
        foreach (var (row, (tenant, record)) in LogRows.Of(_batch.Logs).Index())
        {
            foreach (var (subscription, _) in _subscriptions)
            {
                if (subscription.Next <= start && subscription.Filter.Tenant == tenant)
                    subscription.Offer(record, new(start, row));
            }
        }

        foreach (var (subscription, _) in _subscriptions)
        {
            if (subscription.Next <= start)
                subscription.Next = reader.Position;
        }
    }
}
