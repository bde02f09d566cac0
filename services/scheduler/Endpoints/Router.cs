namespace Mesh.Scheduler.Endpoints;

/// <summary>One router, and the generation of the table that it serves.</summary>
public sealed record Router
{
    public string Id { get; init; } = "";

    public long Generation { get; init; }

    public bool Connected { get; init; }

    /// <summary>When it was last heard; counts for the grace once it is gone.</summary>
    public DateTimeOffset SeenTime { get; init; }

    /// <summary>Whether what it serves still matters: it is connected, or went away a short time ago.</summary>
    public bool IsLive(DateTimeOffset now, TimeSpan grace) => Connected || now - SeenTime < grace;
}
