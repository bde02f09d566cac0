using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Mesh.Common.Names;

namespace Mesh.Ingestion.Retention;

/// <summary>For how many days a tenant's rows of one table are kept, where that is shorter than the table keeps them.</summary>
public sealed record RetentionRule(string Tenant, string Table, int Days)
{
    /// <summary>Stands for every tenant that has no rule of its own.</summary>
    public const string Everybody = "*";

    /// <summary>Reads rules such as `acme:logs=3,acme:samples_1m=90,*:spans=7`.</summary>
    public static IReadOnlyList<RetentionRule> ParseAll(string text) =>
        [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Parse)];

    private static RetentionRule Parse(string text)
    {
        var parts = text.Split(':', '=');
        return parts.Length == 3 && (parts[0] == Everybody || TenantName.TryOwnerOf("tenants/" + parts[0], out _))
            && KeptSignal.OfTable(parts[1]) is not null && int.TryParse(parts[2], CultureInfo.InvariantCulture, out var days) && days is >= 1 and <= 36_500
            ? new RetentionRule(parts[0], parts[1], days)
            : throw new ValidationException(
                $"`{text}` is no rule; write TENANT:TABLE=DAYS, with one of the tables {string.Join(", ", KeptSignal.All.Select(signal => signal.Table))}.");
    }
}
