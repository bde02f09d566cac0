using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace Mesh.Ingestion.Query;

/// <summary>
/// Regular expressions as both know them that run them: the database (RE2, github.com/google/re2, "Syntax") and the engine here without
/// backtracking.
/// </summary>
internal static partial class Patterns
{
    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    /// <summary>The expression; null where one of the two does not know it, and why.</summary>
    public static Regex? TryParse(string pattern, [NotNullWhen(false)] out string? why)
    {
        if (Foreign().Match(pattern) is { Success: true } foreign)
        {
            why = $"`{foreign.Groups["what"].Value}` is not known";
            return null;
        }

        try
        {
            why = null;
            return new Regex(Named().Replace(pattern, "$1(?<"), Options);
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            why = exception.Message;
            return null;
        }
    }

    /// <summary>An expression that has been checked, to be met by the whole of a text.</summary>
    public static Regex Whole(string pattern) => new($"^(?:{Named().Replace(pattern, "$1(?<")})$", Options);

    // What only the engine here would understand.
    [GeneratedRegex(@"^(?:[^\\(]|\\[^ZGcue]|\((?!\?[#'xn]))*(?<what>\\[ZGcue]|\(\?[#'xn])")]
    private static partial Regex Foreign();

    // RE2's older way of naming a group.
    [GeneratedRegex(@"(?<=^|[^\\])((?:\\\\)*)\(\?P<")]
    private static partial Regex Named();
}
