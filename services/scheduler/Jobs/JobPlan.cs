namespace Mesh.Scheduler.Jobs;

/// <summary>What is to be done for a job now: a pure function of the job, its newest attempt and the time.</summary>
/// <param name="After">The job after the decision.</param>
/// <param name="Start">Whether an attempt is to be placed.</param>
/// <param name="Stop">Whether its attempt is to end, or must not come back with its node.</param>
public sealed record JobPlan(Job After, bool Start = false, bool Stop = false)
{
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromHours(1);
    private static readonly TimeSpan PlacementPause = TimeSpan.FromSeconds(5);

    public static JobPlan Decide(Job job, JobAttempt? attempt, DateTimeOffset now) => job switch
    {
        { Ended: true } => new(job),
        { State: JobState.Queued, Cancelled: true } => new(End(job, JobState.Cancelled, "It was cancelled.", now)),
        { State: JobState.Queued } => new(job, Start: job.NextAttemptTime <= now),
        _ when attempt is null or { Ended: true } => AfterAttempt(job, attempt, now),
        { Cancelled: true } => new(job with { Message = "The attempt is being stopped.", LeaseTime = null }, Stop: true),
        _ when job.LeaseTime <= now =>
            new(job with { Message = $"Attempt {job.Attempts} took longer than its deadline.", LeaseTime = null }, Stop: true),
        _ => new(job),
    };

    /// <summary>The job once its attempt has been placed.</summary>
    public static Job Started(Job job, Guid allocation, DateTimeOffset now) => job with
    {
        State = JobState.Running,
        Attempts = job.Attempts + 1,
        Allocation = allocation,
        LeaseTime = now + job.Deadline,
        Message = $"Attempt {job.Attempts + 1} of {job.MaxAttempts} runs.",
    };

    /// <summary>The job while no node can take it. Waiting costs no attempt.</summary>
    public static Job Waiting(Job job, string obstacle, DateTimeOffset now) =>
        job with { NextAttemptTime = now + PlacementPause, Message = obstacle };

    private static JobPlan AfterAttempt(Job job, JobAttempt? attempt, DateTimeOffset now)
    {
        var lost = attempt is { State: AllocationState.Lost };
        job = job with { ExitCode = attempt?.ExitCode ?? job.ExitCode, LeaseTime = null };
        if (attempt is { Succeeded: true })
            return new(End(job, JobState.Succeeded, $"Attempt {job.Attempts} ended with exit code 0.", now));
        if (job.Cancelled)
            return new(End(job, JobState.Cancelled, "It was cancelled.", now), Stop: lost);
        var reason = Reason(job, attempt);
        if (job.Attempts >= job.MaxAttempts)
            return new(End(job, JobState.Dead, $"All {job.MaxAttempts} attempts failed. {reason}", now), Stop: lost);
        var wait = Rollouts.Backoff.After(job.Attempts, job.Backoff, LongestBackoff);
        return new(job with { State = JobState.Queued, NextAttemptTime = now + wait, Message = reason }, Stop: lost);
    }

    private static string Reason(Job job, JobAttempt? attempt) => attempt switch
    {
        null => "The attempt is not known any more.",
        // The deadline was named when the attempt was told to stop.
        { Desired: Desired.Stop } => job.Message,
        { Message.Length: > 0 } => attempt.Message,
        _ => $"Attempt {job.Attempts} ended with exit code {attempt.ExitCode}.",
    };

    private static Job End(Job job, JobState state, string message, DateTimeOffset now) =>
        job with { State = state, Message = message, EndTime = now, LeaseTime = null };
}
