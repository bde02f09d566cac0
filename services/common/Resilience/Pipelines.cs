using System.Threading.RateLimiting;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace Mesh.Common.Resilience;

/// <summary>
/// The pipelines around what is not gRPC: at most so many at once, retries with jitter, a circuit breaker, and a time limit for
/// each attempt. gRPC calls have their own retry; nothing is retried in two layers.
/// </summary>
public static class Pipelines
{
    /// <summary>A pipeline for one dependency.</summary>
    /// <param name="isTransient">Whether the same request may succeed a moment later.</param>
    /// <param name="limits">How much of everything.</param>
    /// <param name="time">Clock of pauses and time limits.</param>
    public static ResiliencePipeline For(Func<Exception, bool> isTransient, PipelineLimits limits, TimeProvider time)
    {
        var handled = new PredicateBuilder().Handle<Exception>(e => e is TimeoutRejectedException || isTransient(e));
        var builder = new ResiliencePipelineBuilder { TimeProvider = time };
        builder.AddStrategy(_ => new ConcurrencyLimit(limits.Concurrency, limits.Queue), new ConcurrencyLimitOptions());
        if (limits.Retries > 0)
        {
            builder.AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = handled,
                MaxRetryAttempts = limits.Retries,
                BackoffType = DelayBackoffType.Exponential,
                Delay = limits.Pause,
                MaxDelay = TimeSpan.FromSeconds(5),
                UseJitter = true,
            });
        }
        builder.AddCircuitBreaker(new CircuitBreakerStrategyOptions
        {
            ShouldHandle = handled,
            FailureRatio = 0.9,
            MinimumThroughput = 20,
            SamplingDuration = TimeSpan.FromSeconds(10),
            BreakDuration = TimeSpan.FromSeconds(2),
        });
        builder.AddTimeout(limits.Attempt);
        return builder.Build();
    }

    /// <summary>What most failures of an HTTP dependency look like.</summary>
    public static bool IsTransientHttp(Exception exception) => exception is HttpRequestException
    {
        StatusCode: null or >= System.Net.HttpStatusCode.InternalServerError or System.Net.HttpStatusCode.TooManyRequests,
    };
}

/// <summary>How much one dependency gets.</summary>
/// <param name="Attempt">The time limit of one attempt.</param>
/// <param name="Retries">How often a failed attempt is repeated.</param>
/// <param name="Pause">The first pause between attempts; it doubles.</param>
/// <param name="Concurrency">How many run at once.</param>
/// <param name="Queue">How many more may wait; the next is refused.</param>
public sealed record PipelineLimits(TimeSpan Attempt, int Retries, TimeSpan Pause, int Concurrency, int Queue)
{
    public static PipelineLimits Default { get; } = new(TimeSpan.FromSeconds(10), 3, TimeSpan.FromMilliseconds(100), 64, 1000);
}

internal sealed class ConcurrencyLimitOptions : ResilienceStrategyOptions;

/// <summary>Bounds how many requests a dependency sees at once, and how many wait for their turn.</summary>
internal sealed class ConcurrencyLimit(int concurrency, int queue) : ResilienceStrategy, IDisposable
{
    private readonly ConcurrencyLimiter _limiter = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = concurrency,
        QueueLimit = queue,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    protected override async ValueTask<Outcome<TResult>> ExecuteCore<TResult, TState>(
        Func<ResilienceContext, TState, ValueTask<Outcome<TResult>>> callback, ResilienceContext context, TState state)
    {
        using var lease = await _limiter.AcquireAsync(1, context.CancellationToken);
        if (lease.IsAcquired) return await callback(context, state);
        return Outcome.FromException<TResult>(Errors.MeshException.ResourceExhausted(
            "DEPENDENCY_OVERLOADED", "Too many requests wait for a part that this call needs.", TimeSpan.FromSeconds(1)));
    }

    public void Dispose() => _limiter.Dispose();
}
