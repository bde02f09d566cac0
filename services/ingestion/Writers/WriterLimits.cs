using System.ComponentModel.DataAnnotations;

namespace Mesh.Ingestion.Writers;

/// <summary>
/// For how long writers are known, and how many of one tenant. A writer is remembered for seven days after its last batch, the id of a
/// single write for an hour. Nobody is forgotten earlier: where a tenant has as many as its limit, a new one is refused. What is
/// forgotten follows from the time of the last batch alone, which the log knows too, so a restart brings none of them back.
/// </summary>
public sealed record WriterLimits
{
    /// <summary>How long a writer is remembered after its last batch.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromDays(7);

    /// <summary>How long the id of a single write is remembered.</summary>
    public static readonly TimeSpan ShortMemory = TimeSpan.FromHours(1);

    private const string RequestPrefix = "request/", TargetPrefix = "target/";

    /// <summary>The most writers of one tenant's streams within seven days.</summary>
    [Range(1, int.MaxValue)]
    public int Writers { get; init; } = 20_000;

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

    /// <summary>How many writers a group may have. Targets have a limit of their own before they are made.</summary>
    public int MostOf(string group) =>
        group.StartsWith(TargetPrefix, StringComparison.Ordinal) ? int.MaxValue : group.StartsWith(RequestPrefix, StringComparison.Ordinal) ? RequestIds : Writers;

    /// <summary>How long a writer is remembered after it was last heard of.</summary>
    public static TimeSpan MemoryOf(string key) => key.StartsWith(RequestPrefix, StringComparison.Ordinal) ? ShortMemory : Memory;

    /// <summary>Whether a writer that was last heard of then is forgotten now.</summary>
    public static bool IsForgotten(string key, long seenMilliseconds, long nowMilliseconds) =>
        nowMilliseconds - seenMilliseconds > MemoryOf(key).TotalMilliseconds;
}
