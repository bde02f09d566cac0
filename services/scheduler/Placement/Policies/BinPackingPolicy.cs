namespace Mesh.Scheduler.Placement.Policies;

/// <summary>Prefers the node that will be fullest, so that others stay free for what is large.</summary>
public sealed class BinPackingPolicy : IScorePolicy
{
    public Scorer Prepare(PlacementRequest request, IReadOnlyList<PlacementNode> nodes) =>
        new("bin-packing", 1, node => Fit(node.Total, node.Reserved + request.Demand) / 18);

    /// <summary>Nomad's fit function: 20 - (10^free cpu + 10^free memory), from 0 (empty) to 18 (full).</summary>
    public static double Fit(Capacity total, Capacity used)
    {
        var cpu = FreeShare(total.CpuMillis, used.CpuMillis);
        var memory = FreeShare(total.MemoryBytes, used.MemoryBytes);
        return Math.Clamp(20 - (Math.Pow(10, cpu) + Math.Pow(10, memory)), 0, 18);
    }

    private static double FreeShare(long total, long used) => total <= 0 ? 0 : 1 - (double)used / total;
}
