namespace Mesh.Scheduler.Placement;

/// <summary>An amount of what a node has: CPU in thousandths of a core, memory and disk in bytes.</summary>
public readonly record struct Capacity(long CpuMillis, long MemoryBytes, long DiskBytes)
{
    public static Capacity operator +(Capacity a, Capacity b) =>
        new(a.CpuMillis + b.CpuMillis, a.MemoryBytes + b.MemoryBytes, a.DiskBytes + b.DiskBytes);

    public static Capacity operator -(Capacity a, Capacity b) =>
        new(a.CpuMillis - b.CpuMillis, a.MemoryBytes - b.MemoryBytes, a.DiskBytes - b.DiskBytes);

    /// <summary>Whether this much fits into what is free.</summary>
    public bool FitsIn(Capacity free) =>
        CpuMillis <= free.CpuMillis && MemoryBytes <= free.MemoryBytes && DiskBytes <= free.DiskBytes;
}
