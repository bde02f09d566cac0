using System.Text.Json.Serialization;
using Google.Protobuf.WellKnownTypes;

namespace Mesh.Scheduler.Nodes;

/// <summary>What an agent said of one allocation.</summary>
public sealed record AllocationReport
{
    [JsonPropertyName("uid")]
    public Guid Uid { get; init; }

    [JsonPropertyName("node")]
    public string Node { get; init; } = "";

    [JsonPropertyName("state")]
    public AllocationState State { get; init; }

    [JsonPropertyName("healthy")]
    public bool Healthy { get; init; }

    [JsonPropertyName("address")]
    public string Address { get; init; } = "";

    [JsonPropertyName("message")]
    public string Message { get; init; } = "";

    [JsonPropertyName("exit_code")]
    public int ExitCode { get; init; }

    [JsonPropertyName("oom_killed")]
    public bool OomKilled { get; init; }

    [JsonPropertyName("restarts")]
    public int Restarts { get; init; }

    [JsonPropertyName("start_time")]
    public DateTimeOffset? StartTime { get; init; }

    [JsonPropertyName("end_time")]
    public DateTimeOffset? EndTime { get; init; }

    [JsonIgnore]
    public bool Ended => State is AllocationState.Stopped or AllocationState.Failed;

    /// <summary>Reads a status; null when it says nothing that an agent may say.</summary>
    public static AllocationReport? Of(string node, V1.AllocationStatus status)
    {
        if (!Guid.TryParse(status.Uid, out var uid) || status.State is AllocationState.Unspecified or AllocationState.Lost
            || !System.Enum.IsDefined(status.State))
            return null;
        return new AllocationReport
        {
            Uid = uid,
            Node = node,
            State = status.State,
            Healthy = status.Healthy && status.State == AllocationState.Running,
            Address = NodeAddress.IsEndpoint(status.Address) ? status.Address : "",
            Message = Text(status.Message, 1000),
            ExitCode = status.ExitCode,
            OomKilled = status.OomKilled,
            Restarts = status.Restarts,
            StartTime = Time(status.StartTime),
            EndTime = Time(status.EndTime),
        };
    }

    private static DateTimeOffset? Time(Timestamp? time) =>
        time is { Nanos: >= 0 and < 1_000_000_000, Seconds: >= 0 and < 4_102_444_800 } ? time.ToDateTimeOffset() : null;

    // PostgreSQL keeps no NUL; what one agent says must never hold up what the others say.
    private static string Text(string value, int longest) =>
        (value.Length <= longest ? value : value[..longest]).Replace("\0", "", StringComparison.Ordinal);
}
