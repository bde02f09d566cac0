using System.Text.RegularExpressions;

namespace Mesh.Builder.Images;

/// <summary>
/// A command line as program and arguments. Plain words need no shell; anything else runs in one that replaces itself where it can, so
/// that the program gets the signals.
/// </summary>
public static partial class ShellCommand
{
    public static IReadOnlyList<string> Of(string line)
    {
        if (PlainWords().IsMatch(line))
            return line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return ["/bin/sh", "-c", SimpleCommand().IsMatch(line) ? $"exec {line}" : line];
    }

    // No quoting, no expansion, no assignment before the program.
    [GeneratedRegex(@"^[A-Za-z0-9_./@%+,:-]+( +[A-Za-z0-9_./@%+,:=-]+)*$", RegexOptions.CultureInvariant)]
    private static partial Regex PlainWords();

    // One program, neither a list nor a pipe, without an assignment before it.
    [GeneratedRegex(@"^(?!(exec|cd|export|set|if|for|while|until|case|test|\.) )[A-Za-z0-9_./-]+( [^;&|<>()`\n]*)?$", RegexOptions.CultureInvariant)]
    private static partial Regex SimpleCommand();
}
