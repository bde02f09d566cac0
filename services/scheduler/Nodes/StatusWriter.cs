using System.Threading.Channels;
using Mesh.Scheduler.Changes;
using Mesh.Scheduler.Endpoints;
using Mesh.Scheduler.Reconciling;

namespace Mesh.Scheduler.Nodes;

/// <summary>Writes the reports of all agents in their order, many in one transaction; what has ended may then be forgotten.</summary>
public sealed class StatusWriter(Fence fences, StatusStore statuses, EndpointStore endpoints, NodeSessions sessions, TimeProvider time)
{
    private const int MostAtOnce = 1000;

    // Full, it holds the agents' streams up, and flow control holds up the agents.
    private readonly Channel<AllocationReport> _reports =
        Channel.CreateBounded<AllocationReport>(new BoundedChannelOptions(10_000) { SingleReader = true });

    public ValueTask EnqueueAsync(AllocationReport report, CancellationToken cancellationToken) =>
        _reports.Writer.WriteAsync(report, cancellationToken);

    public async Task RunAsync(long fence, CancellationToken cancellationToken)
    {
        while (await _reports.Reader.WaitToReadAsync(cancellationToken))
        {
            // Of several reports about one allocation the newest says it all.
            var batch = new Dictionary<Guid, AllocationReport>();
            for (var i = 0; i < MostAtOnce && _reports.Reader.TryRead(out var report); i++)
                batch[report.Uid] = report;
            await WriteAsync(fence, batch, cancellationToken);
        }
    }

    private async Task WriteAsync(long fence, Dictionary<Guid, AllocationReport> batch, CancellationToken cancellationToken)
    {
        await using (var transaction = await fences.BeginAsync(fence, cancellationToken))
        {
            await statuses.LockAsync(transaction, [.. batch.Keys], cancellationToken);
            var changed = await statuses.ApplyAsync(transaction, batch.Values, time.GetUtcNow(), cancellationToken);
            var published = await endpoints.PublishAsync(transaction, [.. changed.Select(c => c.Uid)], cancellationToken);
            var changes = changed.Select(c => Change.Workload(c.Workload)).ToList();
            if (changed.Any(c => c.Ended))
                changes.Add(Change.Capacity);
            if (published)
                changes.Add(Change.Endpoints);
            await transaction.NotifyAsync(changes, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        foreach (var node in batch.Values.Where(report => report.Ended).GroupBy(report => report.Node))
            sessions.Find(node.Key)?.Forget(node.Select(report => report.Uid));
    }
}
