namespace Mesh.Ingestion.Scans;

/// <summary>Which images of a tenant run, and for which workloads.</summary>
public sealed record RunningSet(DateTimeOffset Time, IReadOnlyDictionary<ImageName, IReadOnlySet<string>> Workloads)
{
    /// <summary>The workloads that run an image, by name.</summary>
    public IEnumerable<string> WorkloadsOf(ImageName image) =>
        Workloads.TryGetValue(image, out var workloads) ? workloads.Order(StringComparer.Ordinal) : [];

    /// <summary>The images that run; of one workload unless its name is empty.</summary>
    public IReadOnlyCollection<ImageName> Images(string workload) =>
        [.. Workloads.Where(pair => workload.Length == 0 || pair.Value.Contains(workload)).Select(pair => pair.Key)];
}
