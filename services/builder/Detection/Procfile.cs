using System.Text.RegularExpressions;
using Mesh.Builder.Builds;

namespace Mesh.Builder.Detection;

/// <summary>Reads <c>name: command</c> lines; blank lines and lines that begin with <c>#</c> mean nothing.</summary>
public static partial class Procfile
{
    private const int MaxProcesses = 20;
    private const int MaxLine = 4096;

    public static IReadOnlyList<ProcessType> Parse(string text)
    {
        var processes = new List<ProcessType>();
        var lines = text.TrimStart('\uFEFF').ReplaceLineEndings("\n").Split('\n');
        for (var number = 1; number <= lines.Length; number++)
        {
            var line = lines[number - 1].Trim();
            if (line.Length == 0 || line.StartsWith('#'))
                continue;
            var process = ParseLine(line, number);
            if (processes.Any(other => other.Name == process.Name))
                throw Malformed(number, $"process type '{process.Name}' is stated twice");
            processes.Add(process);
        }
        if (processes.Count == 0)
            throw new BuildFailedException("PROCFILE_INVALID", "The Procfile states no process type; write a line such as 'web: node server.js'.");
        if (processes.Count > MaxProcesses)
            throw new BuildFailedException("PROCFILE_INVALID", $"The Procfile states {processes.Count} process types; the limit is {MaxProcesses}.");
        return processes;
    }

    private static ProcessType ParseLine(string line, int number)
    {
        if (line.Length > MaxLine)
            throw Malformed(number, $"the line is longer than {MaxLine} characters");
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
            throw Malformed(number, "there is no ':'; write 'name: command'");
        var name = line[..colon].TrimEnd();
        if (!ProcessName().IsMatch(name))
            throw Malformed(number, $"'{name}' is no process type: lower-case letters, digits and inner dashes, a letter first, at most 32 characters");
        var command = line[(colon + 1)..].Trim();
        if (command.Length == 0)
            throw Malformed(number, $"process type '{name}' has no command");
        if (command.Any(char.IsControl))
            throw Malformed(number, "the command holds a control character");
        return new ProcessType(name, command);
    }

    private static BuildFailedException Malformed(int number, string what) => new("PROCFILE_INVALID", $"Procfile, line {number}: {what}.");

    [GeneratedRegex("^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$", RegexOptions.CultureInvariant)]
    private static partial Regex ProcessName();
}
