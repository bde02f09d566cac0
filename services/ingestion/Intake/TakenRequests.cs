using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Writers;

namespace Mesh.Ingestion.Intake;

/// <summary>
/// Remembers the requests of the last minutes by the hash of their bytes: a sender that saw no answer sends the very same
/// bytes again, and its samples are not written twice. The hashes of durable requests stand in the log, so this holds over
/// a restart as well. It is bounded, and shared among the tenants, as <see cref="RequestWindow"/> is.
/// </summary>
public sealed class TakenRequests
{
    private readonly Lock _gate = new();
    private readonly Dictionary<UInt128, Task> _outcomes = [];
    private readonly RequestWindow _window;
    private readonly TimeProvider _time;

    public TakenRequests(TimeProvider time)
    {
        _time = time;
        _window = new RequestWindow(Remove);
    }

    /// <summary>What the log says that was taken before the start.</summary>
    public TakenRequests(TimeProvider time, RequestWindow restored)
        : this(time)
    {
        // The log may have a request twice, where it was forgotten early and taken again: the later time counts.
        var latest = new Dictionary<UInt128, long>();
        foreach (var (key, milliseconds) in restored.Requests)
            latest[key] = milliseconds;
        foreach (var (key, milliseconds) in restored.Requests)
        {
            if (latest[key] == milliseconds && _outcomes.TryAdd(key, Task.CompletedTask))
                _window.Add(key, milliseconds);
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
        var content = XxHash64.Compute(body, XxHash64.Compute(Encoding.UTF8.GetBytes(way)));
        return new UInt128(BinaryPrimitives.ReadUInt64LittleEndian(owner), content);
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
                Remove(new TakenRequest(key, 0, outcome.Task));
            outcome.SetException(exception);
            // Nobody else may be waiting for it.
            _ = outcome.Task.Exception;
            throw;
        }
    }

    // What became of the request before; null where it is new, and is remembered from now on.
    private Task? Enter(UInt128 key, Task outcome)
    {
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        lock (_gate)
        {
            _window.Forget(key, now);
            if (_outcomes.TryGetValue(key, out var first))
                return first;
            _outcomes[key] = outcome;
            _window.Add(new TakenRequest(key, now, outcome));
            return null;
        }
    }

    private void Remove(TakenRequest request)
    {
        if (_outcomes.TryGetValue(request.Key, out var held) && held == request.Outcome)
            _outcomes.Remove(request.Key);
    }
}
