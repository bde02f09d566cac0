using Grpc.Core;
using Mesh.Common.Postgres;
using Mesh.Scheduler.Changes;

namespace Mesh.Scheduler.Nodes;

/// <summary>One agent's stream: sends what the node shall run, and what it may forget.</summary>
public sealed class NodeSession(
    string node, MeshDatabase database, AssignmentStore assignments, ChangeBus bus, TimeProvider time) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _ended = new();
    private readonly ChangeSubscription _changes = bus.Subscribe(change => change == Change.Assignments(node));
    private Dictionary<Guid, Desired> _sent = [];
    private HashSet<Guid> _forget = [];
    private long _seen = time.GetTimestamp();

    public string Node => node;

    /// <summary>Ends when a newer stream took over or the agent fell silent.</summary>
    public CancellationToken Ended => _ended.Token;

    public bool Replaced { get; private set; }

    public TimeSpan Silence => time.GetElapsedTime(Interlocked.Read(ref _seen));

    /// <summary>Notes a sign of life.</summary>
    public void Seen() => Interlocked.Exchange(ref _seen, time.GetTimestamp());

    /// <summary>Ends the stream because a newer one of the same node took over.</summary>
    public void Replace()
    {
        Replaced = true;
        _ended.Cancel();
    }

    /// <summary>Ends the stream because nothing was heard for too long.</summary>
    public void Abandon() => _ended.Cancel();

    /// <summary>Tells the agent that the ends of these allocations are recorded.</summary>
    public void Forget(IEnumerable<Guid> uids)
    {
        lock (_lock)
            _forget.UnionWith(uids);
        bus.Publish(Change.Assignments(node));
    }

    /// <summary>Sends the snapshot, then changes until cancelled.</summary>
    public async Task SendAsync(IServerStreamWriter<V1.ConnectResponse> stream, CancellationToken cancellationToken)
    {
        var snapshot = await NextAsync(cancellationToken);
        await stream.WriteAsync(
            new V1.ConnectResponse { Snapshot = new() { Assignments = { snapshot } } }, cancellationToken);
        while (true)
        {
            await _changes.NextAsync(cancellationToken);
            var change = new V1.ConnectResponse.Types.Change();
            change.Assignments.Add(await NextAsync(cancellationToken));
            change.Forget.Add(TakeForget());
            if (change.Assignments.Count + change.Forget.Count > 0)
                await stream.WriteAsync(new V1.ConnectResponse { Change = change }, cancellationToken);
        }
    }

    public void Dispose()
    {
        _changes.Dispose();
        _ended.Dispose();
    }

    // What the agent does not know yet. Compared with what was sent, so a missed notice costs time, never correctness.
    private async Task<IReadOnlyList<V1.Assignment>> NextAsync(CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        var wanted = await assignments.ListAsync(transaction, node, cancellationToken);
        var news = wanted.Where(w => !_sent.TryGetValue(w.Key, out var desired) || desired != w.Value).Select(w => w.Key).ToArray();
        var opened = news.Length == 0 ? [] : await assignments.OpenAsync(transaction, news, cancellationToken);
        _sent = wanted.ToDictionary();
        return opened;
    }

    private IEnumerable<string> TakeForget()
    {
        lock (_lock)
        {
            var taken = _forget;
            _forget = [];
            return taken.Select(uid => uid.ToString());
        }
    }
}
