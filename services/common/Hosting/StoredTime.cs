namespace Mesh.Common.Hosting;

/// <summary>
/// The system's time in whole microseconds, as PostgreSQL keeps it: a resource is answered with the same times when it is made as when
/// it is read.
/// </summary>
public sealed class StoredTime : TimeProvider
{
    public override DateTimeOffset GetUtcNow()
    {
        var now = System.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
    }
}
