using System.ComponentModel.DataAnnotations;

namespace Mesh.Ingestion.Alerts;

/// <summary>How webhooks are told.</summary>
public sealed record WebhookOptions
{
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <summary>How long an endpoint may take.</summary>
    [Range(100, 60_000)]
    public long TimeoutMilliseconds { get; init; } = 10_000;

    /// <summary>The wait after the first failure; it doubles with each.</summary>
    [Range(10, 3_600_000)]
    public long BackoffMilliseconds { get; init; } = 5_000;

    /// <summary>How often a notification is tried before it is given up.</summary>
    [Range(1, 100)]
    public int Attempts { get; init; } = 12;

    public TimeSpan Timeout => TimeSpan.FromMilliseconds(TimeoutMilliseconds);

    /// <summary>How long to wait after an attempt, counted from 1.</summary>
    public TimeSpan WaitAfter(int attempt)
    {
        var wait = TimeSpan.FromMilliseconds(BackoffMilliseconds) * Math.Pow(2, Math.Min(attempt, 30) - 1);
        return wait < Longest ? wait : Longest;
    }
}
