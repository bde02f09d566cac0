using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Mesh.Agent.Allocations;
using Mesh.Common.Hosting;
using Mesh.Common.Resilience;
using Mesh.Contracts;
using Mesh.Scheduler.V1;

namespace Mesh.Agent.Scheduling;

/// <summary>
/// The agent's stream to the scheduler, opened again whenever it ends. What runs does not depend on it: while it is
/// away, everything goes on as last wanted.
/// </summary>
public sealed class SchedulerConnection(
    NodeService.NodeServiceClient scheduler, NodeFingerprint fingerprint, NodeAllocations allocations, AssignmentTable assignments,
    TimeProvider time, ILogger<SchedulerConnection> log) : BackgroundLoop
{
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(2);
    private static readonly Backoff Pauses = Backoff.Of(100, 2_000);

    protected override async Task LoopAsync(CancellationToken stoppingToken)
    {
        for (var failures = 0; !stoppingToken.IsCancellationRequested; failures++)
        {
            var opened = time.GetTimestamp();
            try
            {
                await ServeAsync(stoppingToken);
                log.LogInformation("The scheduler ended the stream");
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (RpcException e)
            {
                log.LogWarning("The scheduler is away: {Code}: {Detail}", e.StatusCode, e.Status.Detail);
            }
            catch (Exception e)
            {
                log.LogError(e, "The stream to the scheduler broke");
            }

            if (time.GetElapsedTime(opened) > Pauses.Longest) failures = 0;
            await Task.Delay(Pauses.After(failures), time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ServeAsync(CancellationToken stopping)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        using var outbox = new StatusOutbox();
        using var call = scheduler.Connect(cancellationToken: ending.Token);
        void Note(Allocations.Allocation allocation) => outbox.Add([allocation.Spec.Uid]);
        await call.RequestStream.TryWriteAsync(new() { Hello = fingerprint.Hello() }, ending.Token);
        var receiving = ReceiveAsync(call.ResponseStream, outbox, Note, ending.Token);
        var sending = SendAsync(call.RequestStream, outbox, ending.Token);
        try
        {
            // Who sends only notices that the stream has ended; who receives is told why.
            await await Task.WhenAny(receiving, sending);
            await receiving;
        }
        finally
        {
            await ending.CancelAsync();
            await Task.WhenAll(receiving, sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            // The last: a snapshot that came late may have begun it anew.
            allocations.Changed -= Note;
        }
    }

    private async Task ReceiveAsync(
        IAsyncStreamReader<ConnectResponse> stream, StatusOutbox outbox, Action<Allocations.Allocation> note, CancellationToken cancellation)
    {
        while (await stream.MoveNext(cancellation))
        {
            var message = stream.Current;
            if (message.Snapshot is { } snapshot)
            {
                log.LogInformation("The scheduler wants {Count} allocations here", snapshot.Assignments.Count);
                allocations.Changed -= note;
                allocations.Changed += note;
                outbox.Add(await assignments.ApplyAsync(snapshot, cancellation));
                outbox.Add(allocations.All.Select(allocation => allocation.Spec.Uid));
            }
            else if (message.Change is { } change)
            {
                outbox.Add(await assignments.ApplyAsync(change, cancellation));
                // Said again also where nothing changes: the scheduler asked about them.
                outbox.Add(change.Assignments.Select(assignment => assignment.Uid));
            }
        }
    }

    private async Task SendAsync(IClientStreamWriter<ConnectRequest> stream, StatusOutbox outbox, CancellationToken cancellation)
    {
        var spoke = time.GetTimestamp();
        while (true)
        {
            var due = await outbox.TakeAsync(HeartbeatInterval, cancellation);
            if (due.Count > 0 && !await stream.TryWriteAsync(new() { Statuses = Statuses(due) }, cancellation)) return;
            if (time.GetElapsedTime(spoke) < HeartbeatInterval) continue;
            if (!await stream.TryWriteAsync(new() { Heartbeat = new() { Time = time.GetUtcNow().ToTimestamp() } }, cancellation)) return;
            spoke = time.GetTimestamp();
        }
    }

    private ConnectRequest.Types.AllocationStatuses Statuses(IReadOnlyList<string> uids)
    {
        var known = allocations.All.ToDictionary(allocation => allocation.Spec.Uid);
        return new()
        {
            Statuses =
            {
                uids.Select(uid => known.TryGetValue(uid, out var allocation)
                    ? AllocationMapping.ToStatus(allocation, fingerprint.Address)
                    : AssignmentTable.Gone(uid)),
            },
        };
    }
}
