namespace Mesh.Agent.Telemetry;

/// <summary>How far an allocation's log is: the file's number and the bytes of it that were taken.</summary>
public sealed record LogPosition(long File, long Offset)
{
    public static LogPosition Beginning { get; } = new(0, 0);
}

/// <summary>One line that an allocation printed.</summary>
public sealed record LogLine(DateTimeOffset Time, string Stream, string Text, bool IsLoss = false);
