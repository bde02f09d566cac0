using System.Globalization;
using Mesh.Common.Errors;

namespace Mesh.Common.Paging;

/// <summary>The version of a resource as a string that callers hand back unread. It is made of the row's revision.</summary>
public static class ETag
{
    public static string Of(long revision) => string.Create(CultureInfo.InvariantCulture, $"\"{revision:x}\"");

    /// <summary>ABORTED when the caller's version is not the present one; an empty version matches any.</summary>
    public static void Check(string given, long revision)
    {
        if (given.Length > 0 && given != Of(revision)) throw Mismatch();
    }

    /// <summary>The revision in an etag; null for an empty one. A malformed one is as stale as any other.</summary>
    public static long? Parse(string given)
    {
        if (given.Length == 0) return null;
        var digits = given.AsSpan().Trim('"');
        return long.TryParse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var revision) ? revision : throw Mismatch();
    }

    /// <summary>The error for a stale etag.</summary>
    public static MeshException Mismatch() =>
        MeshException.Aborted("ETAG_MISMATCH", "The resource has changed since it was read. Read it again and repeat the change.");
}
