using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Mesh.Common.Names;

namespace Mesh.Ingestion.Retention;

/// <summary>For how many days a tenant's rows of one table are kept, where that is shorter than the table keeps them.</summary>
public sealed record RetentionRule(string Tenant, string Table, int Days)
{
    private static readonly Dictionary<string, string> s_timeColumns = new(StringComparer.Ordinal)
    {
        ["samples"] = "time", ["samples_1m"] = "time", ["logs"] = "time", ["spans"] = "start", ["events"] = "time",
    };

    public string TimeColumn => s_timeColumns[Table];

    /// <summary>Reads rules such as `acme:logs=3,acme:samples_1m=90`.</summary>
    public static IReadOnlyList<RetentionRule> ParseAll(string text) =>
        [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Parse)];

    private static RetentionRule Parse(string text)
    {
        var parts = text.Split(':', '=');
        return parts.Length == 3 && TenantName.TryOwnerOf("tenants/" + parts[0], out var tenant) && s_timeColumns.ContainsKey(parts[1])
            && int.TryParse(parts[2], CultureInfo.InvariantCulture, out var days) && days is >= 1 and <= 36_500
            ? new RetentionRule(tenant, parts[1], days)
            : throw new ValidationException($"`{text}` is no rule; write TENANT:TABLE=DAYS, with one of the tables {string.Join(", ", s_timeColumns.Keys)}.");
    }
}
