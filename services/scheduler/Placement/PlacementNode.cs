namespace Mesh.Scheduler.Placement;

/// <summary>A node as placement sees it. What is placed on it is reserved at once.</summary>
public sealed class PlacementNode(string id, IReadOnlyDictionary<string, string> attributes, Capacity total)
{
    private readonly Dictionary<Guid, int> _allocations = [];

    public string Id { get; } = id;

    public Capacity Total { get; } = total;

    public Capacity Reserved { get; private set; }

    public Capacity Free => Total - Reserved;

    /// <summary>Why the node takes nothing, for instance "cordoned"; null when it does.</summary>
    public string? Closed { get; init; }

    public string? Attribute(string name) =>
        name == Constraint.NodeAttribute ? Id : attributes.GetValueOrDefault(name);

    /// <summary>How many allocations of the workload the node has.</summary>
    public int Count(Guid workload) => _allocations.GetValueOrDefault(workload);

    public void Reserve(Guid workload, Capacity amount, int count = 1)
    {
        Reserved += amount;
        _allocations[workload] = Count(workload) + count;
    }
}
