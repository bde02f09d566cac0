using System.Globalization;

namespace Mesh.Agent.Runtime;

/// <summary>Sums what the processes of one session use, from `/proc`.</summary>
internal static class ProcessUsage
{
    private const double TicksPerSecond = 100;

    public static ContainerUsage? Read(int session)
    {
        double cpu = 0;
        long memory = 0, processes = 0;
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(path[6])))
        {
            if (Fields(folder) is not { } fields || fields[3] != session.ToString(CultureInfo.InvariantCulture)) continue;
            cpu += (Number(fields[11]) + Number(fields[12])) / TicksPerSecond;
            memory += Number(fields[21]) * Environment.SystemPageSize;
            processes += Number(fields[17]);
        }

        return processes == 0 ? null : new(cpu, memory, processes);
    }

    // What follows the program's name in `stat`, which may itself hold spaces and brackets: field 0 is the state.
    private static string[]? Fields(string folder)
    {
        try
        {
            var stat = File.ReadAllText(folder + "/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
