using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Common.Resilience;
using Microsoft.Extensions.Logging;

namespace Mesh.Common.Hosting;

/// <summary>
/// The same work again and again, for one loop. Whatever a round throws is logged, and after a pause the next one begins: what a database,
/// a peer or a network may throw when it breaks is more than any list of exceptions names. Cancellation is the end, and what breaks
/// because of it is no failure.
/// </summary>
/// <param name="problem">What a failed round means, for instance `The routes could not be read`.</param>
/// <param name="time">The clock of the pauses.</param>
/// <param name="logger">Where failures are noted: the first of several alike, and again every ten minutes for as long as they last.</param>
public sealed partial class Rounds(string problem, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan s_again = TimeSpan.FromMinutes(10);

    private int _failures;
    private (Type, string) _said;
    private long _saidAt;

    /// <summary>The pause after a round that came to its end. By default there is none: a round then itself waits for what it works on.</summary>
    public TimeSpan Pause { get; init; }

    /// <summary>The pauses after rounds that failed. By default <see cref="Pause"/>, or one second where there is none.</summary>
    public Backoff? AfterFailure { get; init; }

    /// <summary>Repeats a round until cancelled, and then returns.</summary>
    public async Task RunAsync(Func<CancellationToken, Task> round, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            if (await TryAsync(round, stop)) await RestAsync(Pause, stop);
        }
    }

    /// <summary>Tries until a round comes to its end.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled before.</exception>
    public async Task UntilDoneAsync(Func<CancellationToken, Task> round, CancellationToken stop)
    {
        while (!await TryAsync(round, stop)) stop.ThrowIfCancellationRequested();
    }

    // False after a failure and its pause.
    private async Task<bool> TryAsync(Func<CancellationToken, Task> round, CancellationToken stop)
    {
        try
        {
            await round(stop);
            _failures = 0;
            return true;
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception e)
        {
            Say(e);
            var pauses = AfterFailure ?? Backoff.Steady(Pause > TimeSpan.Zero ? Pause : TimeSpan.FromSeconds(1));
            await RestAsync(pauses.After(_failures++), stop);
            return false;
        }
    }

    private async Task RestAsync(TimeSpan pause, CancellationToken stop)
    {
        if (pause > TimeSpan.Zero) await Task.Delay(pause, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Say(Exception exception)
    {
        var kind = (exception.GetType(), exception.Message);
        if (_failures > 0 && kind == _said && time.GetElapsedTime(_saidAt) < s_again) return;
        (_said, _saidAt) = (kind, time.GetTimestamp());
        // Where a part is away its message says all; a fault of ours is looked for with the stack.
        if (ErrorTable.Translate(exception, "").Code is StatusCode.Internal) LogFault(exception, problem, exception.Message);
        else LogAway(problem, exception.Message);
    }

    [LoggerMessage(LogLevel.Warning, "{What}: {Problem}")]
    private partial void LogAway(string what, string problem);

    [LoggerMessage(LogLevel.Error, "{What}: {Problem}")]
    private partial void LogFault(Exception exception, string what, string problem);
}
