using Mesh.Scheduler.Endpoints;

namespace Mesh.Scheduler.Reconciling;

/// <summary>Removes what nobody asks for any more.</summary>
public sealed class Sweeper(Fence fences, RouterStore routers, SchedulerOptions options, TimeProvider time)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan KeepRequests = TimeSpan.FromDays(1);
    private static readonly TimeSpan KeepRouters = TimeSpan.FromDays(1);

    public async Task RunAsync(long fence, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Tick, time);
        do
            await SweepAsync(fence, cancellationToken);
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private async Task SweepAsync(long fence, CancellationToken cancellationToken)
    {
        // What was lost and may come back, and what is still in the routers' table, stays.
        const string allocations = """
            delete from allocations
            where end_time < @ended and published_address = '' and not (state = 8 and desired = 1)
            """;
        const string revisions = """
            delete from revisions r using workloads w
            where w.uid = r.workload and r.revision not in (w.revision, w.stable_revision)
              and not exists (select from allocations a where a.workload = r.workload and a.revision = r.revision)
            """;
        // A dead job stays until somebody decides about it.
        const string jobs = """
            delete from workloads w using jobs j
            where w.uid = j.uid and j.end_time < @ended and j.state in (@Succeeded, @Cancelled)
            """;
        const string requests = "delete from requests where create_time < @asked";
        var now = time.GetUtcNow();
        await using var transaction = await fences.BeginAsync(fence, cancellationToken);
        await transaction.ExecuteAsync(allocations, new { ended = now - options.KeepEnded }, cancellationToken);
        await transaction.ExecuteAsync(
            jobs, new { ended = now - options.KeepEnded, JobState.Succeeded, JobState.Cancelled }, cancellationToken);
        await transaction.ExecuteAsync(revisions, null, cancellationToken);
        await transaction.ExecuteAsync(requests, new { asked = now - KeepRequests }, cancellationToken);
        await routers.ForgetAsync(transaction, now - KeepRouters, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
