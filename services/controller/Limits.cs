using Google.Protobuf.Collections;
using Mesh.Common.Errors;

namespace Mesh.Controller;

/// <summary>The limits that all resources share.</summary>
internal static class Limits
{
    private const int DisplayNameLength = 100, LabelCount = 64, LabelLength = 256;

    public static string DisplayName(string value, string field) => value.Length <= DisplayNameLength && IsText(value)
        ? value
        : throw MeshException.InvalidArgument(field, $"A display name has at most {DisplayNameLength} characters and no NUL.");

    /// <summary>Whether the database can keep a text: it takes no NUL.</summary>
    public static bool IsText(string value) => !value.Contains('\0', StringComparison.Ordinal);

    public static Dictionary<string, string> Labels(MapField<string, string> labels, string field)
    {
        if (labels.Count > LabelCount) throw MeshException.InvalidArgument(field, $"There are at most {LabelCount} labels.");
        if (labels.Any(l => l.Key.Length is 0 or > LabelLength || l.Value.Length > LabelLength))
            throw MeshException.InvalidArgument(field, $"Label names have 1 to {LabelLength} characters, values at most {LabelLength}.");
        return labels.All(l => IsText(l.Key) && IsText(l.Value)) ? labels.ToDictionary() : throw MeshException.InvalidArgument(field, "Labels have no NUL.");
    }
}
