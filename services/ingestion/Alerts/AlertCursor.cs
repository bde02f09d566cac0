using System.Globalization;
using Mesh.Common.Errors;
using Mesh.Common.Paging;

namespace Mesh.Ingestion.Alerts;

/// <summary>
/// How far a watcher has come. He is shown what was open at one step, alert by alert, and then step after step; he can go on in the
/// middle of either.
/// </summary>
/// <param name="Until">The step at which the alerts of the beginning were open; later on the last step that was shown.</param>
/// <param name="Shown">The last step of the beginning that was shown; the same as <paramref name="Until"/> once all were.</param>
public readonly record struct AlertCursor(long Until, long Shown)
{
    private const string Purpose = "alerts";

    /// <summary>A cursor that a watcher of this tenant was given; null for an empty one.</summary>
    public static AlertCursor? Parse(string text, string tenant)
    {
        if (text.Length == 0)
            return null;
        if (PageToken.TryDecode(text, out var position, Purpose, tenant)
            && position.Split(' ') is [var until, var shown] && TryParse(until, out var last) && TryParse(shown, out var seen))
            return new AlertCursor(last, seen);
        throw MeshException.InvalidArgument("cursor", "This is no cursor of this tenant's alerts. Begin again without one.");
    }

    public string ToText(string tenant) => PageToken.Encode(string.Create(CultureInfo.InvariantCulture, $"{Until} {Shown}"), Purpose, tenant);

    private static bool TryParse(string text, out long number) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
