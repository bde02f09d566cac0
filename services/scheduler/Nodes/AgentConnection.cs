using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Scheduler.Changes;
using Mesh.Scheduler.Reconciling;

namespace Mesh.Scheduler.Nodes;

/// <summary>Carries one agent's stream from its Hello to its end.</summary>
public sealed class AgentConnection(Fence fences, NodeStore nodes, StatusStore statuses, TimeProvider time)
{
    public async Task RunAsync(
        LeaderTerm term, IAsyncStreamReader<V1.ConnectRequest> requests, IServerStreamWriter<V1.ConnectResponse> responses,
        CancellationToken cancellationToken)
    {
        using var live = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, term.Ended);
        if (!await requests.MoveNext(live.Token) || requests.Current.Hello is not { } hello)
            throw MeshException.InvalidArgument("hello", "The first message must be a Hello.");
        var node = HelloCheck.NodeOf(hello);
        using var session = term.Nodes.Open(node);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(live.Token, session.Ended);
        try
        {
            await RegisterAsync(term.Fence, node, hello, ended.Token);
            await ExchangeAsync(term, session, requests, responses, ended);
        }
        catch (Exception) when (ended.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw Reason(session);
        }
        finally
        {
            if (term.Nodes.Close(session) && !term.Ended.IsCancellationRequested)
                await DisconnectAsync(term, node);
        }
    }

    private static async Task ExchangeAsync(
        LeaderTerm term, NodeSession session, IAsyncStreamReader<V1.ConnectRequest> requests,
        IServerStreamWriter<V1.ConnectResponse> responses, CancellationTokenSource ended)
    {
        var sending = session.SendAsync(responses, ended.Token);
        var receiving = ReceiveAsync(term, session, requests, ended.Token);
        try
        {
            await await Task.WhenAny(sending, receiving);
        }
        finally
        {
            await ended.CancelAsync();
            await Task.WhenAll(sending, receiving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task ReceiveAsync(
        LeaderTerm term, NodeSession session, IAsyncStreamReader<V1.ConnectRequest> requests, CancellationToken cancellationToken)
    {
        while (await requests.MoveNext(cancellationToken))
        {
            session.Seen();
            foreach (var status in requests.Current.Statuses?.Statuses ?? [])
                if (term.Nodes.IsCurrent(session) && AllocationReport.Of(session.Node, status) is { } report)
                    await term.Statuses.EnqueueAsync(report, cancellationToken);
        }
    }

    private async Task RegisterAsync(
        long fence, string node, V1.ConnectRequest.Types.Hello hello, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var attributes = new NodeAttributes();
        foreach (var (name, value) in hello.Attributes)
            attributes[name] = value;
        var registered = new Node
        {
            Id = node,
            Attributes = attributes,
            Address = hello.Address,
            Version = hello.Version,
            CpuMillis = hello.Capacity?.CpuMillis ?? 0,
            MemoryBytes = hello.Capacity?.MemoryBytes ?? 0,
            DiskBytes = hello.Capacity?.DiskBytes ?? 0,
            State = NodeState.Ready,
            HeartbeatTime = now,
            CreateTime = now,
        };
        await using var transaction = await fences.BeginAsync(fence, cancellationToken);
        await nodes.RegisterAsync(transaction, registered, cancellationToken);
        var revived = await statuses.ReviveAsync(transaction, node, cancellationToken);
        await transaction.NotifyAsync([Change.Capacity, .. revived.Select(r => Change.Workload(r.Workload))], cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    // The stream has ended already, so its token says nothing here; the write is bounded by itself.
    private async Task DisconnectAsync(LeaderTerm term, string node)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(term.Ended);
        patience.CancelAfter(TimeSpan.FromSeconds(5));
        try
        {
            await using var transaction = await fences.BeginAsync(term.Fence, patience.Token);
            await nodes.DisconnectAsync(transaction, node, time.GetUtcNow(), patience.Token);
            // Asked once the node's row is ours: a newer stream has registered before, and that stands, or will after us.
            if (term.Nodes.Find(node) is null)
                await transaction.CommitAsync(patience.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or FencedException)
        {
            // The next leader starts every node's clock anew.
        }
    }

    private static MeshException Reason(NodeSession session) => session switch
    {
        { Replaced: true } => MeshException.Aborted("NODE_REPLACED", "A newer stream of this node took over."),
        { Ended.IsCancellationRequested: true } => MeshException.Unavailable("NODE_SILENT", "Nothing was heard for too long."),
        _ => Leadership.NotLeader(),
    };
}
