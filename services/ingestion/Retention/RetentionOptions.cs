using System.ComponentModel.DataAnnotations;

namespace Mesh.Ingestion.Retention;

/// <summary>For how long tenants keep what they state nothing about, where that is shorter than the tables do.</summary>
public sealed record RetentionOptions
{
    public IReadOnlyList<RetentionRule> Rules { get; init; } = [];

    /// <summary>How often what has grown too old is looked for.</summary>
    [Range(10, long.MaxValue)]
    public long IntervalMilliseconds { get; init; } = 3_600_000;
}
