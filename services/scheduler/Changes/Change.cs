namespace Mesh.Scheduler.Changes;

/// <summary>What changed: a kind, and the key of the thing where there is one.</summary>
public readonly record struct Change(ChangeKind Kind, string Key)
{
    /// <summary>Changes may have been missed: whoever hears this reads the tables.</summary>
    public static Change Everything { get; } = new(ChangeKind.Everything, "");

    public static Change Workload(Guid uid) => new(ChangeKind.Workload, uid.ToString());

    public static Change Assignments(string node) => new(ChangeKind.Assignments, node);

    public static Change Capacity { get; } = new(ChangeKind.Capacity, "");

    public static Change Endpoints { get; } = new(ChangeKind.Endpoints, "");

    public static Change Acknowledged { get; } = new(ChangeKind.Acknowledged, "");

    public static Change Parse(string payload) =>
        payload.Split(':', 2) is [var kind, var key] && Enum.TryParse<ChangeKind>(kind, out var parsed) ? new(parsed, key) : Everything;

    /// <summary>The form in which PostgreSQL passes it on.</summary>
    public override string ToString() => $"{Kind}:{Key}";
}

public enum ChangeKind
{
    Everything,

    /// <summary>A workload or one of its allocations.</summary>
    Workload,

    /// <summary>What a node shall run.</summary>
    Assignments,

    /// <summary>There may be room for what could not be placed.</summary>
    Capacity,

    /// <summary>The table of healthy addresses.</summary>
    Endpoints,

    /// <summary>A router acknowledged a generation; never leaves the process.</summary>
    Acknowledged,
}
