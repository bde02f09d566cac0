using System.Text.RegularExpressions;
using Mesh.Common.Errors;

namespace Mesh.Common.Names;

/// <summary>Splits resource names and says which part is wrong.</summary>
internal static partial class ResourceNames
{
    /// <summary>An id that people choose: lower-case letters, digits and dashes, at most 63, beginning with a letter.</summary>
    [GeneratedRegex(@"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex IdPattern { get; }

    public static bool IsId(string value) => IdPattern.IsMatch(value);

    public static bool IsUid(string value) => Guid.TryParseExact(value, "D", out _) && !value.Any(char.IsAsciiLetterUpper);

    /// <summary>A release's number: digits without a leading zero.</summary>
    public static bool IsNumber(string value) => value.Length is > 0 and <= 9 && value[0] != '0' && value.All(char.IsAsciiDigit);

    /// <summary>The ids of a name that follows a pattern such as `tenants/*/apps/*`; every id must pass its own test.</summary>
    public static string[] Parse(string value, string field, string pattern, params ReadOnlySpan<Func<string, bool>> tests)
    {
        var parts = value.Split('/');
        var shape = pattern.Split('/');
        if (parts.Length != shape.Length) throw Malformed(value, field, pattern);
        var ids = new string[tests.Length];
        var found = 0;
        for (var i = 0; i < parts.Length; i++)
        {
            if (shape[i] != "*")
            {
                if (parts[i] != shape[i]) throw Malformed(value, field, pattern);
            }
            else
            {
                if (!tests[found](parts[i])) throw Malformed(value, field, pattern);
                ids[found++] = parts[i];
            }
        }
        return ids;
    }

    /// <summary>The id itself when it is one; otherwise INVALID_ARGUMENT on the field.</summary>
    public static string CheckId(string value, string field) => IsId(value)
        ? value
        : throw MeshException.InvalidArgument(field, "An id has 1 to 63 lower-case letters, digits and dashes, begins with a letter and does not end with a dash.");

    private static MeshException Malformed(string value, string field, string pattern) => value.Length == 0
        ? MeshException.InvalidArgument(field, $"A name of the form `{pattern}` is required.")
        : MeshException.InvalidArgument(field, $"The name must have the form `{pattern}`.");
}
