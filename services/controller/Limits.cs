using Google.Protobuf.Collections;
using Mesh.Common.Errors;

namespace Mesh.Controller;

/// <summary>The limits that all resources share.</summary>
internal static class Limits
{
    private const int DisplayNameLength = 100, LabelCount = 64, LabelLength = 256;

    public static string DisplayName(string value, string field) => value.Length <= DisplayNameLength
        ? value
        : throw MeshException.InvalidArgument(field, $"A display name has at most {DisplayNameLength} characters.");

    public static Dictionary<string, string> Labels(MapField<string, string> labels, string field)
    {
        if (labels.Count > LabelCount) throw MeshException.InvalidArgument(field, $"There are at most {LabelCount} labels.");
        if (labels.Any(l => l.Key.Length is 0 or > LabelLength || l.Value.Length > LabelLength))
            throw MeshException.InvalidArgument(field, $"Label names have 1 to {LabelLength} characters, values at most {LabelLength}.");
        return labels.ToDictionary();
    }
}
