namespace Mesh.Ingestion.Writers;

/// <summary>
/// The keys of the requests that the log took lately, oldest first. Bounded by age and by number, both seen from the last of
/// them, so it is a function of the log alone.
/// </summary>
public sealed class RequestWindow
{
    /// <summary>How many requests are remembered at most.</summary>
    public const int MaxKept = 100_000;

    /// <summary>How long a request is remembered.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromMinutes(10);

    private readonly Queue<(UInt128 Key, long Milliseconds)> _requests = new();

    /// <summary>Each with the time at which it became durable, in milliseconds since 1970.</summary>
    public IReadOnlyCollection<(UInt128 Key, long Milliseconds)> Requests => _requests;

    public void Add(UInt128 key, long milliseconds)
    {
        while (_requests.TryPeek(out var oldest) && (_requests.Count >= MaxKept || IsForgotten(oldest.Milliseconds, milliseconds)))
            _requests.Dequeue();
        _requests.Enqueue((key, milliseconds));
    }

    public static bool IsForgotten(long takenMilliseconds, long nowMilliseconds) => nowMilliseconds - takenMilliseconds > Kept.TotalMilliseconds;
}
