using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Common.Hosting;
using Mesh.Common.Postgres;
using Npgsql;

namespace Mesh.Builder.Builds;

/// <summary>Takes builds from the queue and carries each to its end, a few at a time.</summary>
public sealed partial class BuildWorker(
    BuildQueue queue, BuildRunner runner, PostgresSignals signals, BuildMetrics metrics, BuilderOptions options, TimeProvider time,
    ILogger<BuildWorker> logger) : BackgroundLoop
{
    private const int MaxAttempts = 5;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(10);

    protected override Task LoopAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, options.Parallel).Select(_ => WorkAsync(stoppingToken)));

    private async Task WorkAsync(CancellationToken stoppingToken)
    {
        using var news = signals.Subscribe(BuildChannels.Queue);
        await new Rounds("The build queue cannot be read or written", time, logger).RunAsync(
            async stop =>
            {
                if (await queue.ClaimAsync(stop) is { } claimed)
                    await RunAsync(claimed.Build, claimed.Lease, stop);
                else
                    await news.WaitAsync(await PauseAsync(stop), stop);
            },
            stoppingToken);
    }

    private async Task<TimeSpan> PauseAsync(CancellationToken cancellationToken)
    {
        var until = await queue.NextAsync(cancellationToken) - time.GetUtcNow() + TimeSpan.FromMilliseconds(50);
        return until is null || until > Look ? Look : until < TimeSpan.FromMilliseconds(100) ? TimeSpan.FromMilliseconds(100) : until.Value;
    }

    private async Task RunAsync(Build build, BuildLease lease, CancellationToken stop)
    {
        using var work = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await using var log = new BuildLog(queue, lease, time);
        var keeping = KeepLeaseAsync(lease, work);
        var started = time.GetTimestamp();
        var outcome = "succeeded";
        metrics.Begin();
        try
        {
            if (build.Attempts > MaxAttempts)
                throw new BuildFailedException("INFRASTRUCTURE", $"The build was begun {MaxAttempts} times and never came to an end.");
            if (build.Attempts > 1)
                await log.LineAsync($"Attempt {build.Attempts} of {MaxAttempts}.", work.Token);
            await runner.RunAsync(build, lease, log, work.Token);
        }
        catch (BuildFailedException failure)
        {
            outcome = "failed";
            await FailAsync(lease, log, failure.Reason, failure.Message);
        }
        catch (LeaseLostException)
        {
            outcome = "lost";
            LogLost(build.Name.ToString());
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            outcome = "stopped";
            await ReturnAsync(lease, log, "The builder stops; the build is taken up again.", TimeSpan.Zero);
        }
        catch (Exception) when (work.IsCancellationRequested)
        {
            outcome = "lost";
            LogLost(build.Name.ToString());
        }
        catch (Exception error)
        {
            outcome = "interrupted";
            LogInterrupted(build.Name.ToString(), error);
            await InterruptAsync(build, lease, log, error);
        }
        finally
        {
            metrics.End(outcome, time.GetElapsedTime(started));
            await work.CancelAsync();
            await keeping;
        }
    }

    private async Task InterruptAsync(Build build, BuildLease lease, BuildLog log, Exception error)
    {
        var what = Explain(error);
        if (build.Attempts >= MaxAttempts)
        {
            await FailAsync(lease, log, "INFRASTRUCTURE", what);
            return;
        }
        var pause = TimeSpan.FromSeconds(1 << build.Attempts);
        await ReturnAsync(lease, log, $"{what} Trying again in {pause.TotalSeconds:N0} s.", pause);
    }

    // What another part said may be shown; what broke inside may not.
    private static string Explain(Exception error) => error switch
    {
        MeshException known => known.Message,
        RpcException { StatusCode: not (StatusCode.Internal or StatusCode.Unknown) } rpc => $"A service that the build needs answered: {rpc.Status.Detail}.",
        NpgsqlException => "The database could not be reached.",
        _ => "The builder met an error of its own.",
    };

    private async Task FailAsync(BuildLease lease, BuildLog log, string reason, string message)
    {
        await EndAsync(log, $"Failed: {message}", () => queue.FailAsync(lease, reason, message, default));
    }

    private Task ReturnAsync(BuildLease lease, BuildLog log, string line, TimeSpan pause) =>
        EndAsync(log, line, () => queue.ReturnAsync(lease, pause, default));

    private async Task EndAsync(BuildLog log, string line, Func<Task> change)
    {
        try
        {
            await log.LineAsync(line, default);
            await log.CompleteAsync();
            await change();
        }
        catch (LeaseLostException)
        {
            // Cancelled, or taken over: the other side has the word.
        }
        catch (Exception error)
        {
            LogQueueAway(error); // the lease runs out and the build is taken up again
        }
    }

    // Renews the lease, and notices at once when the build was taken away.
    private async Task KeepLeaseAsync(BuildLease lease, CancellationTokenSource work)
    {
        using var news = signals.Subscribe(BuildChannels.Changes, lease.Build.ToString());
        for (var renewed = time.GetTimestamp(); !work.IsCancellationRequested;)
        {
            try
            {
                await news.WaitAsync(BuildQueue.LeaseTime / 3, work.Token);
                await queue.RenewAsync(lease, work.Token);
                renewed = time.GetTimestamp();
            }
            catch (Exception) when (work.IsCancellationRequested)
            {
                return;
            }
            catch (LeaseLostException)
            {
                await work.CancelAsync();
            }
            catch (Exception error)
            {
                LogQueueAway(error);
                if (time.GetElapsedTime(renewed) > BuildQueue.LeaseTime)
                    await work.CancelAsync();
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "The build queue cannot be read or written")]
    private partial void LogQueueAway(Exception error);

    [LoggerMessage(LogLevel.Information, "{Build} was cancelled or taken over")]
    private partial void LogLost(string build);

    [LoggerMessage(LogLevel.Warning, "{Build} was interrupted")]
    private partial void LogInterrupted(string build, Exception error);
}
