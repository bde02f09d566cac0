namespace Mesh.Builder.Sboms;

/// <summary>Package URLs in their canonical form: what names a package is the same text wherever it is written.</summary>
public static class PackageUrl
{
    /// <summary>The URL of a package of a type, for instance <c>npm</c>. Its namespace, version and qualifiers may be empty.</summary>
    public static string Of(string type, string group, string name, string version, string qualifiers = "") =>
        $"pkg:{type}/{(group.Length > 0 ? Encode(group) + "/" : "")}{Encode(name)}{(version.Length > 0 ? "@" + Encode(version) : "")}{(qualifiers.Length > 0 ? "?" + qualifiers : "")}";

    // All but letters, digits, `.`, `-`, `_`, `~` and the colon, which is never encoded.
    private static string Encode(string value) => Uri.EscapeDataString(value).Replace("%3A", ":", StringComparison.Ordinal);
}
