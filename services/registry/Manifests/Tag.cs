using System.Text.RegularExpressions;
using Mesh.Registry.Blobs;

namespace Mesh.Registry.Manifests;

/// <summary>A name for a digest, which may move.</summary>
public sealed partial record Tag(string Name, Digest Digest, DateTimeOffset UpdateTime)
{
    public static bool IsName(string value) => Form().IsMatch(value);

    [GeneratedRegex(@"^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
