using Microsoft.Extensions.Logging;

namespace Mesh.Common.Consul;

/// <summary>
/// Exactly one holder at a time, by a Consul session. The holder's <see cref="Token"/> grows with every new holder: who writes under
/// the lock gives it along, and the store refuses a lower one. That, not the clock, keeps a holder out that lost the lock unawares.
/// </summary>
public sealed partial class LeaderLock(ConsulClient consul, string key, string holder, TimeProvider time, ILogger<LeaderLock> logger)
{
    /// <summary>How long a holder that died keeps the lock at most; Consul may take up to twice as long to notice.</summary>
    public static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan s_renew = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_wait = TimeSpan.FromSeconds(10);
    private long _token;

    /// <summary>The fencing number while this program holds the lock; 0 while it does not.</summary>
    public long Token => Interlocked.Read(ref _token);

    public bool IsHeld => Token != 0;

    /// <summary>
    /// Runs the body each time the lock is won, until stopped. The body's token ends when the lock is lost; the body then has to end
    /// soon. A body that ends by itself gives the lock up and competes again.
    /// </summary>
    public async Task RunAsync(Func<long, CancellationToken, Task> body, CancellationToken cancellationToken)
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
                    var token = await AcquireAsync(session, held.Token);
                    Interlocked.Exchange(ref _token, token);
                    LogWon(key, token);
                    failures = 0;
                    await body(token, held.Token);
                }
                finally
                {
                    Interlocked.Exchange(ref _token, 0);
                    await held.CancelAsync();
                    await renewal;
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                LogLost(key, e.Message);
                var pause = TimeSpan.FromMilliseconds(Math.Min(5000, 200 << Math.Min(failures++, 5)));
                await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            finally
            {
                if (session is not null) await GiveUpAsync(session);
            }
        }
    }

    /// <summary>Waits for the lock; its number is the entry's index, which grows with every change in Consul.</summary>
    private async Task<long> AcquireAsync(string session, CancellationToken lost)
    {
        var value = System.Text.Encoding.UTF8.GetBytes(holder);
        for (ulong index = 0; ;)
        {
            if (await consul.AcquireAsync(key, value, session, lost) && await consul.GetAsync(key, lost) is { } entry && entry.Session == session)
                return (long)entry.ModifyIndex;
            var change = await consul.WatchKeyAsync(key, index, s_wait, lost);
            index = change.Index;
            // Free, yet refused: Consul keeps a lock shut for a second after its holder died.
            if (change.Value?.Session is not null) continue;
            index = 0;
            await Task.Delay(TimeSpan.FromMilliseconds(250), time, lost);
        }
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

    [LoggerMessage(LogLevel.Information, "Holding {Key} with fencing number {Token}")]
    private partial void LogWon(string key, long token);

    [LoggerMessage(LogLevel.Warning, "Not holding {Key}: {Problem}")]
    private partial void LogLost(string key, string problem);

    [LoggerMessage(LogLevel.Warning, "{Key} was not given up: {Problem}")]
    private partial void LogNotGivenUp(string key, string problem);
}
