using System.Collections.Concurrent;
using Mesh.Agent.Runtime.Shim;
using Mesh.Common.Hosting;
using Mesh.Common.Resilience;

namespace Mesh.Agent.Allocations;

/// <summary>All allocations of this node: takes up what was running, starts and stops what the scheduler wants, removes orphans.</summary>
public sealed class NodeAllocations(AllocationParts parts, ILogger<NodeAllocations> log) : IAsyncDisposable
{
    private static readonly TimeSpan SweepPatience = TimeSpan.FromSeconds(30);
    private static readonly Backoff DeletePauses = Backoff.Of(1_000, 60_000);

    private readonly ConcurrentDictionary<string, (AllocationRunner Runner, Task Work)> runners = new();
    private readonly CancellationTokenSource ending = new();
    private readonly TaskCompletionSource adopted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when what the agent before this one left has been taken up. Until then, an allocation that is not listed may still be there.</summary>
    public Task Adopted => adopted.Task;

    /// <summary>Raised at each change, on the allocation's own loop: handlers only take note.</summary>
    public event Action<Allocation>? Changed;

    /// <summary>Whether an allocation is known here.</summary>
    public bool Knows(string uid) => runners.ContainsKey(uid);

    /// <summary>Asked before the files of an ended allocation go: its last lines may not have left yet.</summary>
    public Func<string, bool> MayRemove { get; set; } = _ => true;

    public IReadOnlyList<Allocation> All => [.. runners.Values.Select(entry => entry.Runner.Current)];

    /// <summary>Takes up what the agent before this one left.</summary>
    public async Task AdoptAsync(CancellationToken cancellation)
    {
        var known = parts.Store.Load();
        await SweepAsync([.. known.Select(allocation => allocation.Spec.Uid)], cancellation);
        // They are on disk already: a full one does not keep the agent from them.
        foreach (var allocation in known) Lead(allocation);
        adopted.TrySetResult();
        log.LogInformation("Took up {Count} allocations; {Runtime}", known.Count, parts.Runtime.Description);
    }

    /// <summary>Starts what is new. What is known already is not changed: a template never does.</summary>
    public void Run(AllocationSpec spec) => Take(new Allocation(spec));

    public Task StopAsync(string uid, CancellationToken cancellation) => TellAsync(uid, new AllocationEvent.StopWanted(), cancellation);

    /// <summary>Lets go of an allocation as soon as it has ended.</summary>
    public Task ForgetAsync(string uid, CancellationToken cancellation) => TellAsync(uid, new AllocationEvent.ForgetWanted(), cancellation);

    /// <summary>Stops everything and waits for it, each within its grace; the next agent starts it anew.</summary>
    public async Task SuspendAllAsync(CancellationToken cancellation)
    {
        foreach (var uid in runners.Keys) await TellAsync(uid, new AllocationEvent.SuspendWanted(), cancellation);
        while (All.Any(allocation => !allocation.IsAtRest)) await Task.Delay(TimeSpan.FromMilliseconds(50), parts.Time, cancellation);
    }

    /// <summary>Ends every process of every allocation, without grace.</summary>
    public void KillAll()
    {
        foreach (var allocation in All.Where(allocation => allocation.HasShim))
            parts.Runtime.Kill(allocation.Spec.Uid, parts.Store.Folder(allocation.Spec.Uid));
    }

    /// <summary>Lets go of everything; what runs goes on.</summary>
    public async ValueTask DisposeAsync()
    {
        if (ending.IsCancellationRequested) return;
        await ending.CancelAsync();
        await Task.WhenAll(runners.Values.Select(entry => entry.Work));
    }

    private async Task TellAsync(string uid, AllocationEvent happened, CancellationToken cancellation)
    {
        if (runners.TryGetValue(uid, out var entry)) await entry.Runner.TellAsync(happened, cancellation);
    }

    private void Take(Allocation allocation)
    {
        var uid = allocation.Spec.Uid;
        if (runners.ContainsKey(uid)) return;
        parts.Store.Save(allocation);
        Lead(allocation);
    }

    private void Lead(Allocation allocation)
    {
        var uid = allocation.Spec.Uid;
        var runner = new AllocationRunner(allocation, parts, changed => Changed?.Invoke(changed));
        runners[uid] = (runner, Task.Run(() => LeadAsync(uid, runner), CancellationToken.None));
    }

    private async Task LeadAsync(string uid, AllocationRunner runner)
    {
        try
        {
            Changed?.Invoke(runner.Current);
            await runner.RunAsync(ending.Token);
            for (var waited = 0; waited < 600 && !MayRemove(uid); waited++)
                await Task.Delay(TimeSpan.FromSeconds(1), parts.Time, ending.Token);
            await DeleteAsync(uid);
            runners.TryRemove(uid, out _);
        }
        catch (OperationCanceledException)
        {
            // The agent ends; the next one takes the allocation up.
        }
        catch (Exception e)
        {
            log.LogError(e, "Allocation {Allocation} is out of control until the agent is restarted", uid);
        }
    }

    private Task DeleteAsync(string uid) =>
        new Rounds($"The folder of allocation {uid} cannot be removed yet", parts.Time, log) { AfterFailure = DeletePauses }.UntilDoneAsync(
            _ =>
            {
                parts.Store.Folder(uid).Delete();
                return Task.CompletedTask;
            },
            ending.Token);

    private async Task SweepAsync(HashSet<string> known, CancellationToken cancellation)
    {
        var orphans = parts.Runtime.Traces().Concat(parts.Store.Uids()).Distinct().Where(uid => !known.Contains(uid)).ToList();
        foreach (var uid in orphans)
        {
            log.LogWarning("Removes the orphan {Allocation}", uid);
            try
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                patience.CancelAfter(SweepPatience);
                var folder = parts.Store.Folder(uid);
                await parts.Runtime.RemoveAsync(uid, folder, patience.Token);
                await ShimLock.WaitReleasedAsync(folder, patience.Token);
                folder.Delete();
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested)
            {
                // What runs is taken up all the same; the next start tries again.
                log.LogError(e, "The orphan {Allocation} cannot be removed", uid);
            }
        }
    }
}
