namespace Mesh.Ingestion.Targets;

/// <summary>A foreign source of metrics, as it is kept.</summary>
public record Target
{
    public const long DefaultInterval = 15_000;

    public required string Tenant { get; init; }

    public required string Id { get; init; }

    public required V1.Target.Types.Kind Kind { get; init; }

    public required string Address { get; init; }

    public long IntervalMilliseconds { get; init; } = DefaultInterval;

    public TargetLabels Labels { get; init; } = new([]);

    public bool Paused { get; init; }

    public V1.Target.Types.State State { get; init; }

    public string LastError { get; init; } = "";

    public DateTimeOffset? LastScrapeTime { get; init; }

    public DateTimeOffset CreateTime { get; init; }

    public long Revision { get; init; } = 1;

    public TargetName Name => new(Tenant, Id);

    public TimeSpan Interval => TimeSpan.FromMilliseconds(IntervalMilliseconds);
}

/// <summary>Labels that go with each sample of a target.</summary>
public sealed record TargetLabels(Dictionary<string, string> Values);
