using System.Buffers;

namespace Mesh.Controller.Reconciling;

/// <summary>Turns a Procfile's line into a program and its arguments.</summary>
internal static class CommandLine
{
    private static readonly SearchValues<char> s_shell = SearchValues.Create("\"'\\`$&|;<>()*?[]{}~#!=%\n\t");

    /// <summary>
    /// A line without anything that a shell would interpret is run without one, so that signals reach the program itself. Everything
    /// else is run by `/bin/sh -c`. An empty line means the image's own command.
    /// </summary>
    public static IReadOnlyList<string> Split(string line)
    {
        var trimmed = line.Trim();
        if (trimmed.Length == 0) return [];
        return trimmed.AsSpan().ContainsAny(s_shell)
            ? ["/bin/sh", "-c", trimmed]
            : trimmed.Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }
}
