using System.Globalization;

namespace Mesh.Benchmarks;

/// <summary>Some processes with all that they have started and that is still there.</summary>
internal sealed class ProcessTree(params int[] roots)
{
    public double CpuSeconds => All().Sum(ProcessCost.CpuSeconds);

    public double PeakMebibytes => All().Sum(ProcessCost.PeakMebibytes);

    /// <summary>What each process has used, for people.</summary>
    public IEnumerable<string> Each() => All().Select(id => string.Create(CultureInfo.InvariantCulture, $"{ProcessCost.NameOf(id)} {ProcessCost.PeakMebibytes(id):F0} MiB {ProcessCost.CpuSeconds(id):F1} s"))
        .Where(text => !text.EndsWith(" 0.0 s", StringComparison.Ordinal));

    private List<int> All()
    {
        var parents = new Dictionary<int, List<int>>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) && ParentOf(id) is { } parent)
                (parents.TryGetValue(parent, out var children) ? children : parents[parent] = []).Add(id);
        }

        var found = new List<int>(roots);
        for (var i = 0; i < found.Count; i++)
            found.AddRange(parents.GetValueOrDefault(found[i], []));
        return found;
    }

    private static int? ParentOf(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null; // It has ended meanwhile.
        }
    }
}
