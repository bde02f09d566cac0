using System.Text.RegularExpressions;
using Mesh.Common.Errors;

namespace Mesh.Controller;

/// <summary>The types of processes that an app has, as a Procfile names them.</summary>
internal static partial class ProcessType
{
    /// <summary>The type that listens and that the routers lead to.</summary>
    public const string Web = "web";

    [GeneratedRegex("^[a-z][a-z0-9-]{0,29}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern { get; }

    /// <summary>The type when it is well formed; otherwise INVALID_ARGUMENT on the field.</summary>
    public static string Check(string type, string field) => Pattern.IsMatch(type)
        ? type
        : throw MeshException.InvalidArgument(field, $"The process type `{type}` must have 1 to 30 lower-case letters, digits and dashes and begin with a letter.");
}
