using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.RemoteWrite;

/// <summary>
/// Remembers the requests of the last minutes by the hash of their bytes: a sender that saw no answer sends the very same
/// bytes again, and is given the first answer instead of having its samples twice. What is kept lives in memory; a
/// repetition after a restart is taken for a new request.
/// </summary>
public sealed class TakenRequests(TimeProvider time)
{
    private const int MaxKept = 50_000;
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private Dictionary<UInt128, Task<string>> _recent = [];
    private Dictionary<UInt128, Task<string>> _before = [];
    private long _turned = time.GetTimestamp();

    /// <summary>The name of a tenant's request.</summary>
    public static UInt128 KeyOf(string tenant, ReadOnlySpan<byte> body)
    {
        var seed = XxHash64.Compute(System.Text.Encoding.UTF8.GetBytes(tenant));
        return new UInt128(XxHash64.Compute(body, seed), XxHash64.Compute(body, ~seed));
    }

    /// <summary>
    /// Takes a request unless it was taken before, or is being taken now; returns what was said of it then. A request that
    /// failed was not taken, and its repetition is.
    /// </summary>
    public async Task<string> OnceAsync(UInt128 key, Func<Task<string>> take)
    {
        var outcome = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<string>? first;
        lock (_gate)
        {
            if (_recent.Count >= MaxKept || time.GetElapsedTime(_turned) > Kept)
                (_before, _recent, _turned) = (_recent, [], time.GetTimestamp());
            if (!_recent.TryGetValue(key, out first) && !_before.TryGetValue(key, out first))
                _recent[key] = outcome.Task;
        }

        if (first is not null)
            return await first;
        try
        {
            var answer = await take();
            outcome.SetResult(answer);
            return answer;
        }
        catch (Exception exception)
        {
            lock (_gate)
            {
                _recent.Remove(key);
                _before.Remove(key);
            }

            outcome.SetException(exception);
            // Nobody else may be waiting for it.
            _ = outcome.Task.Exception;
            throw;
        }
    }
}
