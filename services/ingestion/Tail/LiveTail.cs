using System.Collections.Concurrent;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Log;
using Mesh.Ingestion.Tables;
using Mesh.Ingestion.Writers;

namespace Mesh.Ingestion.Tail;

/// <summary>
/// Follows the write-ahead log behind its durable end and hands new log records to whoever tails them. It reads what the
/// kernel still has in memory, asks no database, and rests while nobody tails.
/// </summary>
public sealed class LiveTail(WriteAheadLog log, ILogger<LiveTail> logger) : BackgroundService
{
    private readonly ConcurrentDictionary<TailSubscription, byte> _subscriptions = new();
    private readonly TelemetryBatch _batch = new();
    private TaskCompletionSource _woken = NewSignal();

    /// <summary>Begins to follow: everything that becomes durable from now on.</summary>
    public TailSubscription Subscribe(LogFilter filter)
    {
        var subscription = new TailSubscription(filter, log.DurableEnd, ended => _subscriptions.TryRemove(ended, out _));
        _subscriptions.TryAdd(subscription, 0);
        Volatile.Read(ref _woken).TrySetResult();
        return subscription;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            var woken = Volatile.Read(ref _woken);
            if (_subscriptions.IsEmpty)
            {
                await woken.Task.WaitAsync(stoppingToken);
                Volatile.Write(ref _woken, NewSignal());
            }

            try
            {
                await FollowAsync(stoppingToken);
            }
            catch (Exception exception) when (exception is IOException or InvalidDataException)
            {
                // A reader that fell behind truncation; it goes on at the end, which its readers see as silence.
                logger.LogWarning(exception, "Following the log began anew");
            }
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task FollowAsync(CancellationToken stoppingToken)
    {
        var from = _subscriptions.Keys.Select(subscription => subscription.From).DefaultIfEmpty(log.DurableEnd).Min();
        using var reader = new LogReader(log, Math.Max(from, log.Checkpoint));
        while (!_subscriptions.IsEmpty)
        {
            while (reader.TryRead())
                Publish(reader);
            await log.WaitBeyondAsync(reader.Position, stoppingToken).WaitAsync(TimeSpan.FromSeconds(5), stoppingToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stoppingToken.ThrowIfCancellationRequested();
        }
    }

    private void Publish(LogReader reader)
    {
        var payload = new ByteReader(reader.Payload);
        WriterRecord.ReadHead(ref payload);
        _batch.Clear();
        _batch.Append(ref payload);
        var start = reader.Position - reader.Header.FrameLength;
        if (_batch.Logs.Rows == 0)
            return;

        foreach (var (tenant, record) in LogRows.Of(_batch.Logs))
        {
            foreach (var (subscription, _) in _subscriptions)
            {
                if (start >= subscription.From && subscription.Filter.Tenant == tenant)
                    subscription.Offer(record);
            }
        }
    }
}
