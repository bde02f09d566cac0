using System.CommandLine;
using Mesh.Cli.Session;

namespace Mesh.Cli.Commands;

/// <summary>Labels as flags.</summary>
internal static class LabelFlags
{
    /// <summary>The option `--label`.</summary>
    /// <param name="what">What has the labels, for people.</param>
    public static Option<string[]> Of(string what) => new("--label")
    {
        Description = $"A label of each {what}, NAME=VALUE, or NAME- to take it away; may be repeated", DefaultValueFactory = _ => [],
    };

    /// <summary>Sets and takes away what the flags say, and leaves the rest.</summary>
    public static void Apply(IEnumerable<string> given, IDictionary<string, string> labels)
    {
        foreach (var label in given)
        {
            if (label.Split('=', 2) is [{ Length: > 0 } name, var value]) labels[name] = value;
            else if (!label.Contains('=', StringComparison.Ordinal) && label is [_, .., '-']) labels.Remove(label[..^1]);
            else throw new CliException($"`{label}` is neither NAME=VALUE nor NAME-.", ExitCodes.Usage);
        }
    }
}
