using System.Threading.Channels;
using Mesh.Common.Resilience;

namespace Mesh.Ingestion.Tail;

/// <summary>
/// One reader's stream out of what this replica and the others take. It holds few pieces: while the reader does not take them nobody is
/// read on, and each replica's own queue counts what it has to leave out. A replica that is away ends nothing: it is asked again for as
/// long as it is listed, behind what it sent last. What breaks here itself ends the stream: its reader would wait for what never comes.
/// </summary>
public sealed partial class TailMerge : IAsyncDisposable
{
    private const int MaxPieces = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly Backoff Pauses = Backoff.Of(100, 5000);

    private readonly Channel<V1.TailReplicaResponse> _pieces =
        Channel.CreateBounded<V1.TailReplicaResponse>(new BoundedChannelOptions(MaxPieces) { SingleReader = true });

    private readonly Dictionary<string, Followed> _followed = [];
    private readonly V1.TailReplicaRequest _request;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _end;
    private readonly Task _running;
    private readonly Task _opened;

    /// <param name="own">What this replica takes.</param>
    /// <param name="others">The other replicas, now.</param>
    /// <param name="request">What the others are asked.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where it is noted that a replica is away.</param>
    /// <param name="cancellationToken">The reader's.</param>
    public TailMerge(
        TailSubscription own, Func<ReplicaList> others, V1.TailReplicaRequest request, TimeProvider time, ILogger logger,
        CancellationToken cancellationToken)
    {
        (_request, _time, _logger) = (request, time, logger);
        _end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var list = others();
        Follow(list, request.Undrained);
        _opened = Task.WhenAll(_followed.Values.Select(followed => followed.Asked.Task));
        _running = Task.WhenAll(GuardAsync(PumpAsync(own)), GuardAsync(FollowAsync(list, others)));
    }

    /// <summary>The pieces, as they come.</summary>
    public IAsyncEnumerable<V1.TailReplicaResponse> PiecesAsync(CancellationToken cancellationToken) =>
        _pieces.Reader.ReadAllAsync(cancellationToken);

    /// <summary>Waits until each of the others that were listed at the start is followed or has failed, though not for long.</summary>
    public Task OpenedAsync() => _opened.IsCompleted ? Task.CompletedTask : Task.WhenAny(_opened, Task.Delay(Patience, _time, _end.Token));

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_followed.Values.Select(followed => followed.Running)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private async Task GuardAsync(Task loop)
    {
        try
        {
            await loop;
        }
        catch (Exception exception)
        {
            _pieces.Writer.TryComplete(exception);
        }
    }

    private async Task PumpAsync(TailSubscription own)
    {
        while (await own.WaitAsync(_end.Token))
            await SendAsync(own.TakePage());
        _pieces.Writer.TryComplete();
    }

    private async Task FollowAsync(ReplicaList list, Func<ReplicaList> others)
    {
        while (true)
        {
            await list.Changed.WaitAsync(_end.Token);
            list = others();
            // Whoever comes later may have taken something already.
            Follow(list, undrained: true);
        }
    }

    private void Follow(ReplicaList list, bool undrained)
    {
        foreach (var replica in list.Replicas)
        {
            var known = _followed.GetValueOrDefault(replica.Id);
            if (known?.Replica == replica)
                continue;
            var followed = new Followed(replica) { Undrained = undrained };
            _followed[replica.Id] = followed;
            followed.Running = GuardAsync(FollowAsync(followed, known));
        }
    }

    private async Task FollowAsync(Followed followed, Followed? before)
    {
        if (before is not null)
        {
            await before.Running;
            followed.Position = before.Position;
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(_end.Token, followed.Replica.Gone);
        for (var failures = 0; !either.IsCancellationRequested; failures++)
        {
            try
            {
                await foreach (var piece in followed.Replica.Tail(RequestOf(followed), either.Token))
                {
                    failures = 0;
                    followed.Asked.TrySetResult();
                    // What has come is passed on, even if its replica has gone. A piece without records only tells how far it has come.
                    await SendAsync(piece);
                    followed.Position = piece.Position;
                }
            }
            catch (Exception) when (either.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception)
            {
                if (failures == 0)
                    LogAway(followed.Replica.Id, exception.Message);
            }

            followed.Asked.TrySetResult();
            followed.Undrained = true;
            await Task.Delay(Pauses.After(failures), _time, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        followed.Asked.TrySetResult();
    }

    private V1.TailReplicaRequest RequestOf(Followed followed) => new(_request) { Undrained = followed.Undrained, After = followed.Position };

    private ValueTask SendAsync(V1.TailReplicaResponse piece) =>
        piece.Records.Count > 0 || piece.Dropped > 0 ? _pieces.Writer.WriteAsync(piece, _end.Token) : ValueTask.CompletedTask;

    [LoggerMessage(LogLevel.Warning, "The tail of {Replica} broke off: {Problem}")]
    private partial void LogAway(string replica, string problem);

    private sealed class Followed(Replica replica)
    {
        public Replica Replica => replica;

        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Running { get; set; } = Task.CompletedTask;

        public V1.TailPosition? Position { get; set; }

        public bool Undrained { get; set; }
    }
}
