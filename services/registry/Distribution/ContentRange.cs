using System.Globalization;
using Mesh.Common.Errors;

namespace Mesh.Registry.Distribution;

/// <summary>Which bytes of an upload a chunk holds; both ends belong to it. OCI writes it <c>0-99</c>, HTTP <c>bytes 0-99/*</c>.</summary>
public readonly record struct ContentRange(long First, long Last)
{
    public long Length => Last - First + 1;

    /// <summary>Reads the header; null when there is none.</summary>
    public static ContentRange? Parse(string? header)
    {
        if (string.IsNullOrEmpty(header)) return null;
        var text = header.AsSpan().Trim();
        if (text.StartsWith("bytes", StringComparison.OrdinalIgnoreCase)) text = text["bytes".Length..].TrimStart(" =");
        var slash = text.IndexOf('/');
        if (slash >= 0) text = text[..slash];
        var dash = text.IndexOf('-');
        if (dash > 0
            && long.TryParse(text[..dash], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            && long.TryParse(text[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var last)
            && last >= first && last < long.MaxValue)
            return new ContentRange(first, last);
        throw MeshException.InvalidArgument("UPLOAD_RANGE_INVALID", "Content-Range", $"\"{header}\" is not <first>-<last>.");
    }
}
