using System.Globalization;

namespace Mesh.Scheduler.Placement;

/// <summary>A conjunction of comparisons, for instance <c>&gt;= 5.10, &lt; 7</c>.</summary>
public sealed class VersionRange
{
    private static readonly string[] Operators = [">=", "<=", "!=", ">", "<", "="];
    private readonly List<(string Operator, long[] Version)> _parts = [];

    private VersionRange()
    {
    }

    /// <exception cref="FormatException">The text is not a version range.</exception>
    public static VersionRange Parse(string text)
    {
        var range = new VersionRange();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var symbol = Array.Find(Operators, o => part.StartsWith(o, StringComparison.Ordinal)) ?? "";
            var version = Numbers(part[symbol.Length..].Trim());
            if (version.Length == 0)
                throw new FormatException($"\"{part}\" is not a comparison with a version.");
            range._parts.Add((symbol.Length == 0 ? "=" : symbol, version));
        }
        return range;
    }

    /// <summary>Whether the version satisfies every comparison. What is not a version satisfies none.</summary>
    public bool Contains(string version)
    {
        var numbers = Numbers(version);
        return numbers.Length > 0 && _parts.TrueForAll(part => Holds(part.Operator, Compare(numbers, part.Version)));
    }

    private static bool Holds(string symbol, int order) => symbol switch
    {
        ">=" => order >= 0,
        "<=" => order <= 0,
        ">" => order > 0,
        "<" => order < 0,
        "!=" => order != 0,
        _ => order == 0,
    };

    private static int Compare(long[] a, long[] b)
    {
        for (var i = 0; i < Math.Max(a.Length, b.Length); i++)
        {
            var order = a.ElementAtOrDefault(i).CompareTo(b.ElementAtOrDefault(i));
            if (order != 0)
                return order;
        }
        return 0;
    }

    // The leading dotted numbers: "v6.1.0-28-amd64" is 6.1.0.
    private static long[] Numbers(string text)
    {
        var core = new string([.. text.TrimStart('v').TakeWhile(c => char.IsAsciiDigit(c) || c == '.')]).Trim('.');
        return core.Length == 0
            ? []
            : [.. core.Split('.').Select(n => long.TryParse(n, CultureInfo.InvariantCulture, out var number) ? number : 0)];
    }
}
