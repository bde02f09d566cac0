using System.ComponentModel.DataAnnotations;

namespace Mesh.Ingestion.Quotas;

/// <summary>How much of what is kept for good a tenant may have.</summary>
public sealed record QuotaOptions
{
    /// <summary>The most targets of one tenant.</summary>
    [Range(1, int.MaxValue)]
    public int Targets { get; init; } = 1_000;

    /// <summary>The most alert policies of one tenant.</summary>
    [Range(1, int.MaxValue)]
    public int AlertPolicies { get; init; } = 1_000;
}
