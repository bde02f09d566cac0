using Mesh.Common.Hosting;
using Microsoft.Extensions.Logging;

namespace Mesh.Common.Postgres;

/// <summary>
/// Wakes whoever waits for a topic, which is a channel and a payload: one listening connection for the whole program, however many wait.
/// A signal says only that there may be news; the news itself is read from the tables. After the connection was away everybody is woken.
/// </summary>
public sealed class PostgresSignals(
    PostgresListener listener, IReadOnlyList<string> channels, TimeProvider time, ILogger<PostgresSignals> logger) : BackgroundLoop
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Channel, string Payload), List<SignalSubscription>> _topics = [];

    /// <summary>Whatever is heard, for those who have to know what it was. Handlers run on the loop that listens, and only take note.</summary>
    public event Action<Notification>? Heard;

    /// <summary>How many topics somebody waits for.</summary>
    internal int Topics
    {
        get
        {
            lock (_lock) return _topics.Count;
        }
    }

    /// <summary>
    /// Begins to wait for a topic. Whoever subscribes before it reads the tables misses nothing that comes after; it has to dispose of
    /// the subscription at its end.
    /// </summary>
    public SignalSubscription Subscribe(string channel, string payload = "")
    {
        if (!channels.Contains(channel, StringComparer.Ordinal)) throw new ArgumentException($"Nobody listens to `{channel}`.", nameof(channel));
        var subscription = new SignalSubscription(ended => Remove((channel, payload), ended), time);
        lock (_lock)
        {
            if (_topics.TryGetValue((channel, payload), out var waiting)) waiting.Add(subscription);
            else _topics[(channel, payload)] = [subscription];
        }
        return subscription;
    }

    protected override Task LoopAsync(CancellationToken stoppingToken) =>
        new Rounds("What was heard could not be passed on", time, logger).RunAsync(HearAsync, stoppingToken);

    private async Task HearAsync(CancellationToken cancellationToken)
    {
        await foreach (var heard in listener.ListenAsync(channels, cancellationToken))
        {
            Heard?.Invoke(heard);
            Wake(heard);
        }
    }

    private void Wake(Notification heard)
    {
        lock (_lock)
        {
            if (heard.Missed)
                foreach (var subscription in _topics.Values.SelectMany(all => all)) subscription.Wake();
            else if (_topics.TryGetValue((heard.Channel, heard.Payload), out var waiting))
                waiting.ForEach(subscription => subscription.Wake());
        }
    }

    private void Remove((string, string) topic, SignalSubscription ended)
    {
        lock (_lock)
        {
            if (_topics.TryGetValue(topic, out var waiting) && waiting.Remove(ended) && waiting.Count == 0) _topics.Remove(topic);
        }
    }
}
