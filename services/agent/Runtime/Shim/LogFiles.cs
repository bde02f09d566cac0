using System.Globalization;

namespace Mesh.Agent.Runtime.Shim;

/// <summary>The names of an allocation's log files: numbers that only grow.</summary>
internal static class LogFiles
{
    public static string Path(string folder, long number) =>
        System.IO.Path.Combine(folder, number.ToString("D8", CultureInfo.InvariantCulture) + ".log");

    /// <summary>The numbers of the files that exist, in order.</summary>
    public static IReadOnlyList<long> Numbers(string folder) => Directory.Exists(folder)
        ? [.. Directory.EnumerateFiles(folder, "*.log").Select(Number).Where(number => number > 0).Order()]
        : [];

    private static long Number(string path) =>
        long.TryParse(System.IO.Path.GetFileNameWithoutExtension(path), CultureInfo.InvariantCulture, out var number) ? number : 0;
}
