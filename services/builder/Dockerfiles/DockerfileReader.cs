using System.Text.RegularExpressions;
using Mesh.Builder.Builds;

namespace Mesh.Builder.Dockerfiles;

/// <summary>Finds the images that a Dockerfile needs from outside. Only stacks can be had: no image comes from elsewhere.</summary>
public static partial class DockerfileReader
{
    /// <summary>The stacks that the Dockerfile builds on or copies from, each once.</summary>
    /// <exception cref="BuildFailedException">It names an image that this platform does not have.</exception>
    public static IReadOnlyList<string> Stacks(string text)
    {
        var stages = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "scratch" };
        var defaults = new Dictionary<string, string>(StringComparer.Ordinal);
        var stacks = new List<string>();
        var count = 0;
        foreach (var (line, number) in Instructions(text))
        {
            if (Argument().Match(line) is { Success: true } argument && count == 0)
                defaults[argument.Groups["name"].Value] = argument.Groups["value"].Value.Trim('"', '\'');
            if (From().Match(line) is { Success: true } from)
            {
                Add(Expand(from.Groups["image"].Value, defaults), number);
                if (from.Groups["stage"].Value is { Length: > 0 } stage)
                    stages.Add(stage);
                stages.Add((count++).ToString(System.Globalization.CultureInfo.InvariantCulture));
            }
            foreach (Match copied in CopiedFrom().Matches(line))
                Add(Expand(copied.Groups["image"].Value, defaults), number);
        }
        if (count == 0)
            throw new BuildFailedException("SOURCE_INVALID", "The Dockerfile has no FROM.");
        return stacks;

        void Add(string image, int number)
        {
            if (stages.Contains(image))
                return;
            if (Stack().Match(image) is not { Success: true } stack)
                throw new BuildFailedException("SOURCE_INVALID",
                    $"Dockerfile, line {number}: the image '{image}' cannot be had here. Build on a stack of this platform, for instance 'FROM stacks/python'.");
            if (!stacks.Contains(stack.Groups["name"].Value))
                stacks.Add(stack.Groups["name"].Value);
        }
    }

    // Lines that end with a backslash go on; comments and blank lines between them mean nothing.
    private static IEnumerable<(string Line, int Number)> Instructions(string text)
    {
        var whole = "";
        var first = 0;
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        for (var number = 1; number <= lines.Length; number++)
        {
            var line = lines[number - 1].Trim();
            if (line.Length == 0 || line[0] == '#')
                continue;
            first = whole.Length == 0 ? number : first;
            whole += line.EndsWith('\\') ? line[..^1] + " " : line;
            if (line.EndsWith('\\'))
                continue;
            yield return (whole, first);
            whole = "";
        }
    }

    private static string Expand(string image, Dictionary<string, string> defaults) =>
        Variable().Replace(image, match => defaults.GetValueOrDefault(match.Groups["name"].Value, match.Value));

    [GeneratedRegex(@"^FROM\s+(--\S+\s+)*(?<image>\S+)(\s+AS\s+(?<stage>\S+))?\s*$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex From();

    [GeneratedRegex(@"^ARG\s+(?<name>\w+)=(?<value>\S*)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Argument();

    [GeneratedRegex(@"^(?:(?:COPY|ADD)\s.*?--from=|RUN\s.*?--mount=\S*?\bfrom=)(?<image>[^\s,]+)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex CopiedFrom();

    [GeneratedRegex(@"\$\{?(?<name>\w+)\}?", RegexOptions.CultureInvariant)]
    private static partial Regex Variable();

    [GeneratedRegex(@"^stacks/(?<name>[a-z]([a-z0-9-]{0,61}[a-z0-9])?)(:latest)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Stack();
}
