using System.Collections.Concurrent;
using System.Threading.Channels;
using Grpc.Core;
using Mesh.Scheduler.V1;

namespace Mesh.Agent.Tests.Program;

internal sealed class SchedulerSide : NodeService.NodeServiceBase
{
    private Channel<ConnectResponse.Types.Change> changes = Channel.CreateUnbounded<ConnectResponse.Types.Change>();

    public ConcurrentDictionary<string, Assignment> Assignments { get; } = new();

    public ConcurrentDictionary<string, AllocationStatus> Statuses { get; } = new();

    public ConnectRequest.Types.Hello? Hello { get; private set; }

    public int Connections { get; private set; }

    public int Heartbeats { get; private set; }

    public void Assign(Assignment assignment)
    {
        Assignments[assignment.Uid] = assignment;
        changes.Writer.TryWrite(new() { Assignments = { assignment } });
    }

    public void Forget(string uid)
    {
        Assignments.TryRemove(uid, out _);
        changes.Writer.TryWrite(new() { Forget = { uid } });
    }

    public override async Task Connect(IAsyncStreamReader<ConnectRequest> requests, IServerStreamWriter<ConnectResponse> responses, ServerCallContext context)
    {
        Assert.True(await requests.MoveNext(context.CancellationToken));
        Hello = requests.Current.Hello;
        Connections++;
        var mine = changes = Channel.CreateUnbounded<ConnectResponse.Types.Change>();
        await responses.WriteAsync(new() { Snapshot = new() { Assignments = { Assignments.Values } } });
        var sending = SendAsync(mine, responses, context.CancellationToken);
        while (await requests.MoveNext(context.CancellationToken))
        {
            if (requests.Current.Heartbeat is not null) Heartbeats++;
            foreach (var status in requests.Current.Statuses?.Statuses ?? []) Statuses[status.Uid] = status;
        }

        mine.Writer.TryComplete();
        await sending;
    }

    private static async Task SendAsync(
        Channel<ConnectResponse.Types.Change> changes, IServerStreamWriter<ConnectResponse> responses, CancellationToken cancellation)
    {
        await foreach (var change in changes.Reader.ReadAllAsync(cancellation)) await responses.WriteAsync(new() { Change = change }, cancellation);
    }
}
