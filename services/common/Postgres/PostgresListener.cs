using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Mesh.Common.Resilience;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Mesh.Common.Postgres;

/// <summary>What a listener heard: a notification, or that it may have missed some.</summary>
/// <param name="Channel">The channel; empty when <paramref name="Missed"/>.</param>
/// <param name="Payload">The payload that the sender gave.</param>
/// <param name="Missed">The connection is new: whatever was sent before it was made is lost, so read the tables.</param>
public readonly record struct Notification(string Channel, string Payload, bool Missed);

/// <summary>LISTEN on a connection of its own, made anew whenever it breaks.</summary>
public sealed partial class PostgresListener(NpgsqlDataSource source, TimeProvider time, ILogger<PostgresListener> logger)
{
    private static readonly TimeSpan s_probe = TimeSpan.FromSeconds(10);
    private static readonly Backoff s_pauses = Backoff.Of(100, 5000);

    /// <summary>
    /// Everything that is sent to the channels, until cancelled. Each new connection, the first one included, begins with a
    /// <see cref="Notification.Missed"/>: the caller then reads the tables instead of trusting what it heard.
    /// </summary>
    public async IAsyncEnumerable<Notification> ListenAsync(
        IReadOnlyList<string> channels, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A slow reader loses nothing that matters: what does not fit is dropped, and one `Missed` stands for it.
        var heard = Channel.CreateBounded<Notification>(new BoundedChannelOptions(1024) { SingleReader = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pump = PumpAsync(channels, heard.Writer, stop.Token);
        try
        {
            await foreach (var notification in heard.Reader.ReadAllAsync(cancellationToken)) yield return notification;
        }
        finally
        {
            await stop.CancelAsync();
            await pump;
        }
    }

    private async Task PumpAsync(IReadOnlyList<string> channels, ChannelWriter<Notification> heard, CancellationToken stop)
    {
        for (var failures = 0; !stop.IsCancellationRequested;)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync(stop);
                var overflow = false;
                connection.Notification += (_, e) => overflow |= !heard.TryWrite(new(e.Channel, e.Payload, false));
                await using (var listen = new NpgsqlCommand(string.Join(';', channels.Select(c => $"listen \"{c}\"")), connection))
                    await listen.ExecuteNonQueryAsync(stop);
                await heard.WriteAsync(new("", "", true), stop);
                failures = 0;
                await HearAsync(connection, () => overflow, () => overflow = false, heard, stop);
            }
            catch (Exception) when (stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                // Whatever it is: who listens would wait for ever without a word.
                LogAway(e is NpgsqlException ? null : e, e.Message);
                await Task.Delay(s_pauses.After(failures++), time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        heard.TryComplete();
    }

    private static async Task HearAsync(
        NpgsqlConnection connection, Func<bool> overflowed, Action clear, ChannelWriter<Notification> heard, CancellationToken stop)
    {
        while (true)
        {
            // A wait that hears nothing is followed by a query, which finds a connection that died silently.
            if (!await connection.WaitAsync(s_probe, stop))
            {
                await using var probe = new NpgsqlCommand("select 1", connection) { CommandTimeout = 5 };
                await probe.ExecuteNonQueryAsync(stop);
            }
            if (!overflowed()) continue;
            clear();
            await heard.WriteAsync(new("", "", true), stop);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The listening connection broke: {Problem}")]
    private partial void LogAway(Exception? exception, string problem);
}
