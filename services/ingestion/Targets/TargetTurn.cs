namespace Mesh.Ingestion.Targets;

/// <summary>The right to read a target now, which one replica has at a time.</summary>
/// <param name="Target">The target, as it is kept.</param>
/// <param name="Number">Counts the target's turns.</param>
public sealed record TargetTurn(Target Target, long Number)
{
    /// <summary>How much longer than a reading the turn is leased.</summary>
    public static readonly TimeSpan Reserve = TimeSpan.FromSeconds(5);
}
