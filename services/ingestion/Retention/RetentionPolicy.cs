namespace Mesh.Ingestion.Retention;

/// <summary>What a tenant states about one signal.</summary>
public sealed record RetentionPolicy
{
    public required string Tenant { get; init; }

    /// <summary>The id of the signal.</summary>
    public required string Signal { get; init; }

    /// <summary>0 stands for the default.</summary>
    public int Days { get; init; }

    /// <summary>0 before the first change.</summary>
    public long Revision { get; init; }

    public DateTimeOffset? UpdateTime { get; init; }
}
