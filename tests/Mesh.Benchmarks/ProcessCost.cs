using System.Globalization;

namespace Mesh.Benchmarks;

/// <summary>What a process has used so far, as Linux counts it.</summary>
internal static class ProcessCost
{
    private const double TicksPerSecond = 100;

    /// <summary>CPU time in user and kernel mode, in seconds, children that have ended included (proc(5), fields 14 to 17 of stat).</summary>
    public static double CpuSeconds(int pid)
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return fields[11..15].Sum(ticks => long.Parse(ticks, CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    /// <summary>The process's name, as the system shortens it.</summary>
    public static string NameOf(int pid) => File.ReadAllText($"/proc/{pid}/comm").TrimEnd();

    /// <summary>The most memory that was ever resident, in MiB (proc(5), VmHWM).</summary>
    public static double PeakMebibytes(int pid)
    {
        var line = File.ReadLines($"/proc/{pid}/status").First(l => l.StartsWith("VmHWM", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
    }
}
