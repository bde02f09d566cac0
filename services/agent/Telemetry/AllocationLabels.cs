using System.Text.RegularExpressions;
using Mesh.Agent.Allocations;

namespace Mesh.Agent.Telemetry;

/// <summary>The labels by which telemetry of an allocation is found.</summary>
public static partial class AllocationLabels
{
    public static SortedDictionary<string, string> Of(AllocationSpec spec, string node)
    {
        SortedDictionary<string, string> labels = new(StringComparer.Ordinal);
        foreach (var (name, value) in spec.Labels)
            if (ValidName().IsMatch(name)) labels[name] = value;
        labels["allocation"] = spec.Uid;
        labels["node"] = node;
        return labels;
    }

    public static string Tenant(AllocationSpec spec) => $"tenants/{spec.Tenant}";

    [GeneratedRegex("^[a-zA-Z_][a-zA-Z0-9_]{0,127}$")]
    private static partial Regex ValidName();
}
