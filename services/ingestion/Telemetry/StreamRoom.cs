using Mesh.Ingestion.Receiving;

namespace Mesh.Ingestion.Telemetry;

/// <summary>
/// Bounds what all open streams together remember of the series that they have declared. One tenant has half of it at most. A
/// stream that finds no room ends as RESOURCE_EXHAUSTED.
/// </summary>
public sealed class StreamRoom(long maxBytes = 1 << 30)
{
    private readonly BodyBudget _budget = new(maxBytes);

    /// <summary>How many bytes are taken now.</summary>
    public long Used => _budget.Used;

    /// <summary>Begins with nothing; it grows with what the stream declares.</summary>
    public BodyBudget.Lease Enter(string tenant) => _budget.Take(0, tenant);
}
