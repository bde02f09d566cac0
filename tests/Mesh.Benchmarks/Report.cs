using System.Globalization;
using System.Text;
using System.Text.Json;
using Mesh.Servers;

namespace Mesh.Benchmarks;

/// <summary>One measured number beside the peer's, where there is one. A ratio above 1 means that we are better.</summary>
public sealed record Result(string Name, string Unit, double Ours, double? Peer, double? Ratio, string Target)
{
    /// <summary>A number that no peer has.</summary>
    public static Result Alone(string name, string unit, double ours, string target) => new(name, unit, Round(ours), null, null, target);

    /// <summary>A number that is better when it is larger.</summary>
    public static Result MoreIsBetter(string name, string unit, double ours, double peer, string target) =>
        new(name, unit, Round(ours), Round(peer), Round(peer == 0 ? 0 : ours / peer), target);

    /// <summary>A number that is better when it is smaller.</summary>
    public static Result LessIsBetter(string name, string unit, double ours, double peer, string target) =>
        new(name, unit, Round(ours), Round(peer), Round(ours == 0 ? 0 : peer / ours), target);

    private static double Round(double value) => value == 0 ? 0 : Math.Round(value, Math.Max(0, 3 - (int)Math.Floor(Math.Log10(Math.Abs(value)))));
}

/// <summary>Writes docs/benchmarks/NAME.json and NAME.md, and prints the same.</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static void Write(string bench, string what, IReadOnlyList<Result> results)
    {
        var machine = Machine();
        var folder = Path.Combine(Repository.Root, "docs", "benchmarks");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, bench + ".json"), JsonSerializer.Serialize(new { bench, machine, results }, s_json) + "\n");
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# bench-{bench}\n\n{what}\n\nMachine: {machine}.\n\n");
        static string Cell(double? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";
        text.Append("| what | unit | ours | peer | ratio | target |\n|---|---|---:|---:|---:|---|\n");
        foreach (var r in results)
            text.Append(CultureInfo.InvariantCulture, $"| {r.Name} | {r.Unit} | {r.Ours} | {Cell(r.Peer)} | {Cell(r.Ratio)} | {r.Target} |\n");
        text.Append("\nA ratio above 1 means that we are better.\n");
        File.WriteAllText(Path.Combine(folder, bench + ".md"), text.ToString());
        Console.WriteLine(text);
    }

    private static string Machine()
    {
        var model = File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown CPU";
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1L << 30);
        return $"{Environment.ProcessorCount} cores of {model}, {memory} GiB, {System.Runtime.InteropServices.RuntimeInformation.OSDescription}, .NET {Environment.Version}";
    }
}
