using System.Globalization;

namespace Mesh.Agent.Runtime;

/// <summary>What the kernel says of one process.</summary>
internal sealed record ProcessEntry(int Id, int Session, long StartTicks, double CpuSeconds, long MemoryBytes, long Threads);

/// <summary>Reads the processes of the host.</summary>
internal static class ProcessTable
{
    private const double TicksPerSecond = 100;

    public static IEnumerable<ProcessEntry> Read() => Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) ? Read(id) : null).OfType<ProcessEntry>();

    /// <summary>One process; null when there is none of the number.</summary>
    public static ProcessEntry? Read(int id)
    {
        try
        {
            // What follows the program's name, which may itself hold spaces and brackets: field 0 is the state.
            var stat = File.ReadAllText($"/proc/{id.ToString(CultureInfo.InvariantCulture)}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            // One that has ended and waits for its parent to notice uses nothing and hears nothing.
            if (fields[0] is "Z" or "X") return null;
            return new(
                id, (int)Number(fields[3]), Number(fields[19]), (Number(fields[11]) + Number(fields[12])) / TicksPerSecond,
                Number(fields[21]) * Environment.SystemPageSize, Number(fields[17]));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
