using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Writers;

namespace Mesh.Ingestion.Intake;

/// <summary>
/// Remembers the requests of the last minutes by the hash of their bytes: a sender that saw no answer sends the very same
/// bytes again, and its samples are not written twice. The hashes of durable requests stand in the log, so this holds over
/// a restart as well. It is bounded as <see cref="RequestWindow"/> is.
/// </summary>
public sealed class TakenRequests(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<UInt128, Task> _outcomes = [];
    private readonly Queue<(UInt128 Key, Task Outcome, long Milliseconds)> _order = new();

    /// <summary>What the log says that was taken before the start.</summary>
    public TakenRequests(TimeProvider time, RequestWindow restored)
        : this(time)
    {
        foreach (var (key, milliseconds) in restored.Requests)
        {
            if (_outcomes.TryAdd(key, Task.CompletedTask))
                _order.Enqueue((key, Task.CompletedTask, milliseconds));
        }
    }

    /// <summary>
    /// The name of a tenant's request: by what way it came, and what it brought. The hash of what it brought is a fast one, which
    /// somebody who tries can meet; that of the tenant is not, so nobody meets another tenant's requests.
    /// </summary>
    public static UInt128 KeyOf(string tenant, string way, ReadOnlySpan<byte> body)
    {
        Span<byte> owner = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(tenant), owner);
        var upper = (BinaryPrimitives.ReadUInt64LittleEndian(owner) << 24) | ((uint)body.Length & 0xFF_FFFF);
        return new UInt128(upper, XxHash64.Compute(body, XxHash64.Compute(Encoding.UTF8.GetBytes(way))));
    }

    /// <summary>
    /// Takes a request unless it was taken before, which is false; where it is being taken now, it waits for that. A request
    /// that failed was not taken, and its repetition is.
    /// </summary>
    public async Task<bool> OnceAsync(UInt128 key, Func<Task> take)
    {
        var outcome = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (Enter(key, outcome.Task) is { } first)
        {
            await first;
            return false;
        }

        try
        {
            await take();
            outcome.SetResult();
            return true;
        }
        catch (Exception exception)
        {
            lock (_gate)
                Remove(key, outcome.Task);
            outcome.SetException(exception);
            // Nobody else may be waiting for it.
            _ = outcome.Task.Exception;
            throw;
        }
    }

    // What became of the request before; null where it is new, and is remembered from now on.
    private Task? Enter(UInt128 key, Task outcome)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        lock (_gate)
        {
            // One that is still on its way is not forgotten, and is not for long: the log ends it.
            while (_order.TryPeek(out var oldest) && oldest.Outcome.IsCompleted
                && (_order.Count >= RequestWindow.MaxKept || RequestWindow.IsForgotten(oldest.Milliseconds, now)))
            {
                _order.Dequeue();
                Remove(oldest.Key, oldest.Outcome);
            }

            if (_outcomes.TryGetValue(key, out var first))
                return first;
            _outcomes[key] = outcome;
            _order.Enqueue((key, outcome, now));
            return null;
        }
    }

    private void Remove(UInt128 key, Task outcome)
    {
        if (_outcomes.TryGetValue(key, out var held) && held == outcome)
            _outcomes.Remove(key);
    }
}
