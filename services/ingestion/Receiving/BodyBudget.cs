using System.Collections.Concurrent;
using Mesh.Common.Errors;
using Mesh.Ingestion.Intake;

namespace Mesh.Ingestion.Receiving;

/// <summary>
/// Bounds the bytes of all bodies and messages that are held at the same time, and for how long one may come in; who comes
/// too late is told to come again. One caller has half of the room at most.
/// </summary>
public sealed class BodyBudget(long maxBytes = BodyBudget.Normal, TimeSpan? patience = null)
{
    public const long Normal = 512 << 20;

    private readonly ConcurrentDictionary<string, long> _callers = new(StringComparer.Ordinal);
    private long _used;

    /// <summary>How many bytes are taken now.</summary>
    public long Used => Interlocked.Read(ref _used);

    /// <summary>How long a body or a message may take to come in.</summary>
    public TimeSpan Patience { get; } = patience ?? TimeSpan.FromMinutes(2);

    /// <summary>Takes room until the lease is disposed; RESOURCE_EXHAUSTED where there is none.</summary>
    public Lease Take(long bytes, string caller = "")
    {
        Use(bytes, caller);
        return new Lease(this, bytes, caller);
    }

    /// <summary>The error of what did not come in within the patience.</summary>
    public static MeshException TooSlow() => MeshException.Unavailable("BODY_TOO_SLOW", "The request took too long to come in. Send it again.");

    private void Use(long bytes, string caller)
    {
        var used = Interlocked.Add(ref _used, bytes);
        var held = _callers.AddOrUpdate(caller, bytes, (_, before) => before + bytes);
        if (used <= maxBytes && (held <= maxBytes / 2 || caller.Length == 0))
            return;
        Free(bytes, caller);
        IntakeMetrics.RefusedWhole("RECEIVERS_BUSY", 0);
        throw MeshException.ResourceExhausted("RECEIVERS_BUSY", "There is no room for more at this moment. Send it again.", TimeSpan.FromSeconds(1));
    }

    private void Free(long bytes, string caller)
    {
        Interlocked.Add(ref _used, -bytes);
        if (_callers.AddOrUpdate(caller, 0, (_, held) => held - bytes) == 0)
            _callers.TryRemove(new KeyValuePair<string, long>(caller, 0));
    }

    /// <summary>Room for one body.</summary>
    public sealed class Lease(BodyBudget budget, long bytes, string caller) : IDisposable
    {
        private long _bytes = bytes;

        /// <summary>Takes as much more as is needed for <paramref name="wanted"/> bytes in all.</summary>
        public void Cover(long wanted)
        {
            if (wanted <= _bytes)
                return;
            budget.Use(wanted - _bytes, caller);
            _bytes = wanted;
        }

        /// <summary>Gives back what is held beyond <paramref name="wanted"/> bytes.</summary>
        public void Shrink(long wanted)
        {
            if (wanted >= _bytes)
                return;
            budget.Free(_bytes - wanted, caller);
            _bytes = wanted;
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _bytes, 0) is > 0 and var held)
                budget.Free(held, caller);
        }
    }
}
