using Grpc.Core;
using Mesh.Common.Hosting;

namespace Mesh.Common.Auth;

/// <summary>
/// Asks every few seconds whether the caller of an open stream may still make it, and ends the stream when he may not: a token that
/// is revoked, or a role that is taken away, ends what was begun with it. Mesh's own programs and open calls are not asked about.
/// </summary>
internal sealed class StreamGuard : IDisposable
{
    private readonly Admission _admission;
    private readonly StreamChecks _checks;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _ending;
    private volatile Exception? _refusal;

    private StreamGuard(ServerCallContext context, Admission admission, StreamChecks checks, TimeProvider time)
    {
        (Call, _admission, _checks, _time) = (context, admission, checks, time);
        _ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        Context = new StreamContext(context, _ending.Token);
        admission.Attach(context);
    }

    /// <summary>The call itself.</summary>
    public ServerCallContext Call { get; }

    /// <summary>The call for its handler: its token also fires when the caller may not go on.</summary>
    public ServerCallContext Context { get; }

    /// <summary>Whether the caller may not go on.</summary>
    public bool Refused => _refusal is not null;

    /// <summary>Begins to guard a call; null where there is nothing to ask.</summary>
    public static StreamGuard? Over(ServerCallContext context, TokenAuthenticator authenticator, StreamChecks checks, TimeProvider time)
    {
        if (context.Principal() is { IsAnonymous: true } or { IsService: true }) return null;
        var authorization = context.GetHttpContext().Request.Headers.Authorization.ToString();
        return new(context, new Admission(authenticator, authorization), checks, time);
    }

    /// <summary>Runs the handler; throws why the caller was refused when that ended it.</summary>
    /// <param name="handler">The handler, which is given <see cref="Context"/>.</param>
    public async Task<T> RunAsync<T>(Func<Task<T>> handler)
    {
        using var ended = new CancellationTokenSource();
        var watching = WatchAsync(ended.Token);
        try
        {
            return await handler();
        }
        catch (Exception) when (_refusal is { } refusal)
        {
            throw refusal;
        }
        finally
        {
            await ended.CancelAsync();
            await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <inheritdoc cref="RunAsync{T}"/>
    public async Task RunAsync(Func<Task> handler)
    {
        await RunAsync(async () =>
        {
            await handler();
            return true;
        });
        // A handler may take the end of its token for the end of its work.
        if (_refusal is { } refusal) throw refusal;
    }

    public void Dispose() => _ending.Dispose();

    private async Task WatchAsync(CancellationToken ended)
    {
        using (var timer = new PeriodicTimer(_checks.Interval, _time))
        {
            while (_refusal is null && await timer.WaitForNextTickAsync(ended))
                _refusal = await _admission.AskAgainAsync(ended);
        }

        await _ending.CancelAsync();
        await Task.Delay(_checks.Patience, _time, ended);
        Call.GetHttpContext().Abort();
    }
}

/// <summary>How often the caller of an open stream is asked about.</summary>
/// <param name="Interval">The time between two questions.</param>
/// <param name="Patience">How long a handler has to end by itself before its stream is broken off.</param>
internal sealed record StreamChecks(TimeSpan Interval, TimeSpan Patience)
{
    public static StreamChecks Normal { get; } = new(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10));
}
