namespace Mesh.Ingestion.Alerts;

/// <summary>One turn of evaluating a policy. The database numbers the turns; only the last one taken may decide.</summary>
/// <param name="Policy">The policy as it was when the turn was taken.</param>
/// <param name="Number">The turn's number.</param>
/// <param name="Time">When the turn was taken, by the database's clock, which all replicas share.</param>
/// <param name="ResumeTime">Since when evaluations have gone on after a break; null when there was none.</param>
public sealed record AlertTurn(AlertPolicy Policy, long Number, DateTimeOffset Time, DateTimeOffset? ResumeTime)
{
    /// <summary>Whether the tables are behind the log, so that what they lack may be on its way.</summary>
    public bool IsBehind { get; init; }

    /// <summary>
    /// Whether nobody may have been there to take samples within the last window, or they may be on their way, so that their absence
    /// says nothing.
    /// </summary>
    public bool IsBlindFor(TimeSpan window) => IsBehind || (ResumeTime is { } resumed && Time - resumed < window);
}
