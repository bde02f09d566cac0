using System.ComponentModel.DataAnnotations;

namespace Mesh.Ingestion.Writers;

/// <summary>
/// For how long writers are known, and how many of one tenant. A writer is remembered for seven days after its last batch, the id of a
/// single write for an hour. Where a tenant has more writers than its limit, those that have been silent longest are forgotten
/// first, but none that sent within the last hour: rather a new one is refused. So whoever keeps to the limit is never
/// forgotten early, and nobody is by what another tenant does.
/// </summary>
public sealed record WriterLimits
{
    /// <summary>How long a writer is remembered after its last batch.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromDays(7);

    /// <summary>How long every writer is remembered after its last batch, and all that the id of a single write is.</summary>
    public static readonly TimeSpan ShortMemory = TimeSpan.FromHours(1);

    private const string RequestPrefix = "request/", TargetPrefix = "target/";

    /// <summary>The most writers of one tenant's streams that are known at the same time, and of its targets.</summary>
    [Range(1, int.MaxValue)]
    public int Writers { get; init; } = 10_000;

    /// <summary>The most ids of single writes of one tenant within an hour.</summary>
    [Range(1, int.MaxValue)]
    public int RequestIds { get; init; } = 100_000;

    /// <summary>The key of the writer that a caller names so on streams of a tenant. Another caller's writer of the same name is another writer.</summary>
    public static string KeyOfStream(string tenant, string caller, string writerId) => $"stream/{tenant}/{caller}/{writerId}";

    /// <summary>The key of the writer that stands for one request id of a tenant.</summary>
    public static string KeyOfRequest(string tenant, string requestId) => $"{RequestPrefix}{tenant}/{requestId}";

    /// <summary>The key of the writer that stands for a target, `tenants/…`, whose readings it numbers.</summary>
    public static string KeyOfTarget(string target) => $"{TargetPrefix}{target}";

    /// <summary>What a key's writer shares a limit with: all of the same kind and tenant.</summary>
    public static string GroupOf(string key)
    {
        var end = key.IndexOf('/', StringComparison.Ordinal);
        for (var parts = key.StartsWith(TargetPrefix, StringComparison.Ordinal) ? 2 : 1; parts > 0 && end >= 0; parts--)
            end = key.IndexOf('/', end + 1);
        return end < 0 ? key : key[..end];
    }

    /// <summary>How many writers a group may have.</summary>
    public int MostOf(string group) => group.StartsWith(RequestPrefix, StringComparison.Ordinal) ? RequestIds : Writers;

    /// <summary>Whether a writer that was last heard of then is forgotten now, whatever the number of others.</summary>
    public static bool IsForgotten(string key, long seenMilliseconds, long nowMilliseconds) =>
        IsSilent(seenMilliseconds, nowMilliseconds, key.StartsWith(RequestPrefix, StringComparison.Ordinal) ? ShortMemory : Memory);

    /// <summary>Whether a writer may be forgotten to make room for another.</summary>
    public static bool MakesRoom(long seenMilliseconds, long nowMilliseconds) => IsSilent(seenMilliseconds, nowMilliseconds, ShortMemory);

    private static bool IsSilent(long seenMilliseconds, long nowMilliseconds, TimeSpan time) => nowMilliseconds - seenMilliseconds > time.TotalMilliseconds;
}
