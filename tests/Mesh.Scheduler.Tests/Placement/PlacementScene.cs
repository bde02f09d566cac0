using Mesh.Scheduler.Placement;

namespace Mesh.Scheduler.Tests.Placement;

/// <summary>Nodes and requests as tests want them.</summary>
internal static class PlacementScene
{
    public const long MiB = 1 << 20;

    public static PlacementNode Node(
        string id, long cpu = 4000, long memoryMiB = 8192, string? closed = null, params (string Name, string Value)[] attributes) =>
        new(id, attributes.ToDictionary(a => a.Name, a => a.Value), new Capacity(cpu, memoryMiB * MiB, 100_000 * MiB)) { Closed = closed };

    public static PlacementRequest Request(long cpu = 500, long memoryMiB = 512) =>
        new(Guid.CreateVersion7(), new Capacity(cpu, memoryMiB * MiB, 0));

    public static string? Place(PlacementRequest request, params PlacementNode[] nodes) =>
        Placer.Default.Place(request, nodes, new Random(1)).Node?.Id;
}
