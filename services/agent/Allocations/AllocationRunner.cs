using System.Threading.Channels;
using Mesh.Agent.Images;
using Mesh.Agent.Runtime;
using Mesh.Agent.Runtime.Shim;

namespace Mesh.Agent.Allocations;

/// <summary>
/// Leads one allocation through its life: takes what happens in order, asks <see cref="AllocationMachine"/> what
/// follows, writes it down, does it.
/// </summary>
public sealed class AllocationRunner(Allocation initial, AllocationParts parts, Action<Allocation> changed)
{
    private static readonly TimeSpan Watch = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LockWatch = TimeSpan.FromSeconds(1);

    private readonly Channel<AllocationEvent> events = Channel.CreateBounded<AllocationEvent>(64);
    private readonly ContainerFolder folder = parts.Store.Folder(initial.Spec.Uid);
    private DateTimeOffset nextLockWatch;
    private LocalImage? image;

    public Allocation Current { get; private set; } = initial;

    private string Uid => Current.Spec.Uid;

    /// <summary>Tells what happened; waits while the allocation has too much to do. One whose life is over hears nothing.</summary>
    public async ValueTask TellAsync(AllocationEvent happened, CancellationToken cancellation)
    {
        try
        {
            await events.Writer.WriteAsync(happened, cancellation);
        }
        catch (ChannelClosedException)
        {
            // Its files are being removed.
        }
    }

    /// <summary>Ends with the agent, or when the allocation has ended for good and is forgotten.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            await LeadAsync(cancellation);
        }
        finally
        {
            events.Writer.Complete();
        }
    }

    private async Task LeadAsync(CancellationToken cancellation)
    {
        // A shim that was started an instant before the agent died may not hold its lock yet.
        nextLockWatch = parts.Time.GetUtcNow() + TimeSpan.FromSeconds(3);
        Current = Current with { Suspended = false };
        await ResumeAsync(cancellation);
        using var health = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var checking = CheckHealthAsync(health.Token);
        using var timer = new PeriodicTimer(Watch, parts.Time);
        while (!(Current is { IsFinal: true, ForgetWanted: true }))
        {
            while (events.Reader.TryRead(out var happened)) await HandleAsync(happened, cancellation);
            foreach (var happened in Look()) await HandleAsync(happened, cancellation);
            await HandleAsync(new AllocationEvent.Ticked(), cancellation);
            await timer.WaitForNextTickAsync(cancellation);
        }

        await health.CancelAsync();
        await checking;
    }

    // What the agent was doing when it ended is done again; each of these can be.
    private async Task ResumeAsync(CancellationToken cancellation)
    {
        switch (Current.Phase)
        {
            case AllocationPhase.Pulling:
                await HandleAsync(new AllocationEvent.Pulled("The agent was restarted.", IsFinal: false), cancellation);
                break;
            case AllocationPhase.Restarting or AllocationPhase.Ending:
                await DoAsync(AllocationAction.Clean, cancellation);
                break;
            default:
                if (Current is { HasShim: true, Port: > 0 }) parts.Ports.Adopt(Uid, Current.Port);
                // Killed between the two, the agent has noted the stop and not asked for it. Many a program takes a second signal for haste.
                if (Current.Phase == AllocationPhase.Stopping && !File.Exists(folder.EndAsked)) Terminate();
                break;
        }
    }

    private async Task HandleAsync(AllocationEvent happened, CancellationToken cancellation)
    {
        var (next, action) = AllocationMachine.Next(Current, happened, parts.Time.GetUtcNow());
        if (next != Current)
        {
            var visible = next with { Successes = 0, Failures = 0 } != Current with { Successes = 0, Failures = 0 };
            if (visible) await InsistAsync(() => Save(next), "recorded", cancellation);
            Current = next;
            if (visible) changed(next);
        }

        await DoAsync(action, cancellation);
    }

    private async Task DoAsync(AllocationAction action, CancellationToken cancellation)
    {
        switch (action)
        {
            case AllocationAction.Pull:
                _ = PullAsync(cancellation);
                break;
            case AllocationAction.Launch:
                await LaunchAsync(cancellation);
                break;
            case AllocationAction.Terminate:
                Terminate();
                break;
            case AllocationAction.Kill:
                parts.Runtime.Kill(Uid, folder);
                break;
            case AllocationAction.Clean:
                await InsistAsync(() => CleanAsync(cancellation), "cleaned up", cancellation);
                parts.Ports.Release(Uid);
                await HandleAsync(new AllocationEvent.Cleaned(), cancellation);
                break;
        }
    }

    private void Terminate()
    {
        parts.Runtime.Terminate(Uid, folder);
        try
        {
            File.Create(folder.EndAsked).Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            parts.Log.LogWarning(e, "That the end of allocation {Allocation} was asked for cannot be noted; an agent that starts meanwhile asks again", Uid);
        }
    }

    private Task Save(Allocation next)
    {
        parts.Store.Save(next);
        return Task.CompletedTask;
    }

    private async Task CleanAsync(CancellationToken cancellation)
    {
        await parts.Runtime.RemoveAsync(Uid, folder, cancellation);
        await ShimLock.WaitReleasedAsync(folder, cancellation);
        folder.Reset();
    }

    // A full disk, a busy folder or a machine with no room for a process must not make the agent lose the thread: nothing goes on before this is done.
    private async Task InsistAsync(Func<Task> work, string what, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await work();
                return;
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested)
            {
                parts.Log.LogError(e, "Allocation {Allocation} cannot be {What}; tries again", Uid, what);
                await Task.Delay(TimeSpan.FromSeconds(1), parts.Time, cancellation);
            }
        }
    }

    private async Task PullAsync(CancellationToken cancellation)
    {
        try
        {
            image = await parts.Images.PullAsync(ImageReference.Parse(Current.Spec.Image), cancellation);
            await TellAsync(new AllocationEvent.Pulled(null, false), cancellation);
        }
        catch (OperationCanceledException)
        {
            // The agent ends; what runs goes on.
        }
        catch (Exception e)
        {
            parts.Log.LogWarning(e, "The image of allocation {Allocation} could not be fetched", Uid);
            await TellAsync(new AllocationEvent.Pulled(e.Message, e is ImageException), cancellation);
        }
    }

    private async Task LaunchAsync(CancellationToken cancellation)
    {
        try
        {
            folder.Create();
            folder.Reset();
            // The port is on disk before a process has it: an agent that dies in between finds both or neither.
            var port = Current.Spec.Listens ? parts.Ports.Reserve(Uid, Current.Port) : 0;
            await HandleAsync(new AllocationEvent.Launching(port), cancellation);
            nextLockWatch = parts.Time.GetUtcNow() + TimeSpan.FromSeconds(5);
            parts.Shims.Launch(folder, parts.Runtime.Prepare(AllocationContainer.Create(Current.Spec, image!, port), folder));
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            parts.Log.LogWarning(e, "Allocation {Allocation} could not be started", Uid);
            await HandleAsync(new AllocationEvent.LaunchFailed(e.Message, e is RuntimeException or ImageException), cancellation);
        }
    }

    private IEnumerable<AllocationEvent> Look()
    {
        if (!Current.HasShim) yield break;
        if (Current.Phase == AllocationPhase.Starting && ShimFiles.Read(folder.Started, ShimJson.Default.ShimStart) is { } start)
            yield return new AllocationEvent.Started(start);
        if (ShimFiles.Read(folder.Exit, ShimJson.Default.ShimExit) is { } exit)
        {
            yield return new AllocationEvent.Ended(exit);
            yield break;
        }

        var now = parts.Time.GetUtcNow();
        if (now < nextLockWatch) yield break;
        nextLockWatch = now + LockWatch;
        // The shim writes its last word before it lets go of the lock: only who finds neither has lost it.
        if (!ShimLock.IsHeld(folder) && !File.Exists(folder.Exit)) yield return new AllocationEvent.Vanished();
    }

    private async Task CheckHealthAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                var allocation = Current;
                if (allocation is { Phase: AllocationPhase.Running, StartTime: { } run } && allocation.Spec.Health.Kind != HealthCheckKind.Alive)
                {
                    var error = await parts.Probe.CheckAsync(allocation, cancellation);
                    await TellAsync(new AllocationEvent.Checked(run, error), cancellation);
                    await Task.Delay(Pause(allocation, run), parts.Time, cancellation);
                }
                else
                {
                    await Task.Delay(Watch, parts.Time, cancellation);
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    // Most processes listen within a second; the first checks come quickly so that they serve quickly.
    private TimeSpan Pause(Allocation allocation, DateTimeOffset run)
    {
        var interval = allocation.Spec.Health.IntervalWhen(allocation.Healthy);
        var isYoung = !allocation.Healthy && parts.Time.GetUtcNow() - run < TimeSpan.FromSeconds(5);
        return isYoung && allocation.Spec.Health.Interval is null ? TimeSpan.FromMilliseconds(100) : interval;
    }
}
