using System.Text.Json;

namespace Mesh.Ingestion.Query;

/// <summary>The few series that a question is about, by id.</summary>
internal sealed class FewSeries
{
    private readonly Dictionary<ulong, (string Metric, JsonElement Labels)> _found = [];

    public int Count => _found.Count;

    public IReadOnlyCollection<ulong> Ids => _found.Keys;

    public void Add(ulong id, string metric, JsonElement labels) => _found.Add(id, (metric, labels));

    /// <summary>Metric and labels of a series of these.</summary>
    public (string Metric, JsonElement Labels) Of(ulong id) => _found.TryGetValue(id, out var series) ? series : throw BinaryRows.Broken();

    /// <summary>Whether these are the series of the ids, and no others.</summary>
    public bool Are(IReadOnlyCollection<ulong>? ids) => ids?.Count == _found.Count && ids.All(_found.ContainsKey);
}
