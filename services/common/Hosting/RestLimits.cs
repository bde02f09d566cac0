namespace Mesh.Common.Hosting;

/// <summary>How much of a call that has been answered is still read.</summary>
/// <param name="Bytes">Of one call.</param>
/// <param name="Time">For one call.</param>
/// <param name="Silence">How long one call is waited for that sends nothing.</param>
/// <param name="Calls">How many are read at the same time. The others are reset at once, after their status.</param>
internal sealed record RestLimits(long Bytes, TimeSpan Time, TimeSpan Silence, int Calls)
{
    /// <summary>Enough for a message of twice the size that is taken, from a client that sends all before it looks for an answer.</summary>
    public static RestLimits Normal { get; } = new(33 << 20, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(5), 256);
}
