using System.Net.Sockets;
using System.Text;
using Mesh.Common.Resilience;
using Microsoft.Extensions.Logging;

namespace Mesh.Common.Consul;

/// <summary>
/// Exactly one holder at a time, by a Consul session. A holder that loses the lock may learn of it late, so whoever writes under the
/// lock lets the store number the holders: it takes the next number, confirms its <see cref="LeaderClaim"/>, and commits. Consul's own
/// numbers do not serve: they begin anew when Consul loses its data.
/// </summary>
/// <param name="consul">The agent.</param>
/// <param name="key">The key that stands for the lock.</param>
/// <param name="holder">The address at which this program listens, `host:port`; whoever waits for the lock sees by it that a holder died.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where winning and losing is noted.</param>
public sealed partial class LeaderLock(ConsulClient consul, string key, string holder, TimeProvider time, ILogger<LeaderLock> logger)
{
    /// <summary>How long a holder that died keeps the lock at most; Consul may take up to twice as long to notice.</summary>
    public static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(10);

    private static readonly Backoff s_pauses = Backoff.Of(200, 5000);
    private static readonly TimeSpan s_renew = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(250);
    private volatile bool _held;

    public bool IsHeld => _held;

    /// <summary>
    /// Runs the body each time the lock is won, until stopped. The body's token ends when the lock is lost; the body then has to end
    /// soon. A body that ends by itself gives the lock up and competes again.
    /// </summary>
    public async Task RunAsync(Func<LeaderClaim, CancellationToken, Task> body, CancellationToken cancellationToken)
    {
        for (var failures = 0; !cancellationToken.IsCancellationRequested;)
        {
            string? session = null;
            try
            {
                session = await consul.CreateSessionAsync(holder, TimeToLive, TimeSpan.FromSeconds(1), cancellationToken);
                using var held = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                var renewal = RenewAsync(session, held);
                try
                {
                    await AcquireAsync(session, held.Token);
                    _held = true;
                    LogWon(key);
                    failures = 0;
                    await body(new LeaderClaim(consul, key, session), held.Token);
                }
                finally
                {
                    _held = false;
                    await held.CancelAsync();
                    await renewal;
                }
            }
            catch (Exception) when (cancellationToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                LogLost(key, e.Message);
                await Task.Delay(s_pauses.After(failures++), time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            finally
            {
                if (session is not null) await GiveUpAsync(session);
            }
        }
    }

    private async Task AcquireAsync(string session, CancellationToken lost)
    {
        var value = Encoding.UTF8.GetBytes(holder);
        for (ulong index = 0; !await consul.AcquireAsync(key, value, session, lost);)
        {
            var change = await consul.WatchKeyAsync(key, index, s_look, lost);
            index = change.Index;
            if (change.Value is { Session: { } other } entry && other != session)
            {
                // After kill -9 nobody waits for the session of the dead to run out.
                if (await IsDeadAsync(Encoding.UTF8.GetString(entry.Value), lost)) await consul.DestroySessionAsync(other, lost);
                continue;
            }
            // Free, yet refused: Consul keeps a lock shut for a second after its holder died.
            index = 0;
            await Task.Delay(s_again, time, lost);
        }
    }

    /// <summary>
    /// Whether a holder is surely dead: it had our own address, or its host answers, twice, that nobody listens there. A host that does
    /// not answer may only be cut off from us; its session decides.
    /// </summary>
    private async Task<bool> IsDeadAsync(string other, CancellationToken cancellationToken)
    {
        if (other == holder) return true;
        if (!await RefusesAsync(other, cancellationToken)) return false;
        await Task.Delay(s_again, time, cancellationToken);
        return await RefusesAsync(other, cancellationToken);
    }

    private async Task<bool> RefusesAsync(string other, CancellationToken cancellationToken)
    {
        if (other.LastIndexOf(':') is var colon and > 0 && int.TryParse(other.AsSpan(colon + 1), out var port) && port is > 0 and < 65536)
        {
            using var patience = new CancellationTokenSource(s_look, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(other[..colon], port, either.Token);
            }
            catch (SocketException e)
            {
                return e.SocketErrorCode is SocketError.ConnectionRefused;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return false;
            }
        }
        return false;
    }

    /// <summary>Renews until stopped; ends the holder when no renewal has succeeded for as long as the session surely lives.</summary>
    private async Task RenewAsync(string session, CancellationTokenSource held)
    {
        var renewed = time.GetTimestamp();
        while (!held.IsCancellationRequested)
        {
            await Task.Delay(s_renew, time, held.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (held.IsCancellationRequested) return;
            var asked = time.GetTimestamp();
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(held.Token);
            patience.CancelAfter(TimeSpan.FromSeconds(3));
            try
            {
                if (!await consul.RenewSessionAsync(session, patience.Token)) break;
                renewed = asked;
            }
            catch (Exception e) when (e is not OperationCanceledException || !held.IsCancellationRequested)
            {
                if (time.GetElapsedTime(renewed) > TimeToLive - s_renew) break;
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
        await held.CancelAsync();
    }

    private async Task GiveUpAsync(string session)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2), time);
        try
        {
            // Released first: a lock that only falls with its session stays shut for a while.
            await consul.ReleaseAsync(key, [], session, patience.Token);
            await consul.DestroySessionAsync(session, patience.Token);
        }
        catch (Exception e)
        {
            // The session ends by itself within its time to live.
            LogNotGivenUp(key, e.Message);
        }
    }

    [LoggerMessage(LogLevel.Information, "Holding {Key}")]
    private partial void LogWon(string key);

    [LoggerMessage(LogLevel.Warning, "Not holding {Key}: {Problem}")]
    private partial void LogLost(string key, string problem);

    [LoggerMessage(LogLevel.Warning, "{Key} was not given up: {Problem}")]
    private partial void LogNotGivenUp(string key, string problem);
}
