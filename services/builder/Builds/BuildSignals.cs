using System.Collections.Concurrent;
using System.Threading.Channels;
using Mesh.Common.Hosting;
using Mesh.Common.Postgres;

namespace Mesh.Builder.Builds;

/// <summary>
/// Wakes whoever waits for a build, for the queue or for SBOMs: one listening connection for the whole program, however many watch. A signal
/// says only that there may be news; the news itself is read from the tables.
/// </summary>
public sealed class BuildSignals(PostgresListener listener) : BackgroundLoop
{
    /// <summary>A build changed or its log grew; the payload is its uid.</summary>
    public const string Changes = "builder_builds";

    /// <summary>A build may be due.</summary>
    public const string Queue = "builder_queue";

    /// <summary>An SBOM waits for ingestion.</summary>
    public const string Sboms = "builder_sboms";

    private readonly ConcurrentDictionary<Subscription, string> subscriptions = new();

    /// <summary>Begins to listen for news of a build, or of <see cref="Queue"/> or <see cref="Sboms"/>.</summary>
    public Subscription Subscribe(string topic)
    {
        var subscription = new Subscription(this);
        subscriptions[subscription] = topic;
        return subscription;
    }

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        await foreach (var notification in listener.ListenAsync([Changes, Queue, Sboms], stoppingToken))
        {
            var topic = notification.Channel == Changes ? notification.Payload : notification.Channel;
            foreach (var (subscription, wanted) in subscriptions)
            {
                if (notification.Missed || wanted == topic)
                    subscription.Wake();
            }
        }
    }

    /// <summary>One waiting party. Signals that come while it is busy are kept as one.</summary>
    public sealed class Subscription(BuildSignals signals) : IDisposable
    {
        private readonly Channel<bool> woken = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

        /// <summary>Waits for a signal, at most as long as told.</summary>
        public async Task WaitAsync(TimeSpan atMost, CancellationToken cancellationToken)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(atMost);
            try
            {
                await woken.Reader.ReadAsync(limit.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // Nothing came in time: the caller looks for itself.
            }
        }

        public void Dispose() => signals.subscriptions.TryRemove(this, out _);

        internal void Wake() => woken.Writer.TryWrite(true);
    }
}
