using Mesh.Common.Errors;
using Mesh.Ingestion.Intake;

namespace Mesh.Ingestion.Receiving;

/// <summary>Bounds the bytes of all bodies and messages that are held at the same time; who comes too late is told to come again.</summary>
public sealed class BodyBudget(long maxBytes = BodyBudget.Normal)
{
    public const long Normal = 512 << 20;

    private long _used;

    /// <summary>How many bytes are taken now.</summary>
    public long Used => Interlocked.Read(ref _used);

    /// <summary>Takes room until the lease is disposed; RESOURCE_EXHAUSTED where there is none.</summary>
    public Lease Take(long bytes)
    {
        Use(bytes);
        return new Lease(this, bytes);
    }

    private void Use(long bytes)
    {
        if (Interlocked.Add(ref _used, bytes) <= maxBytes)
            return;
        Interlocked.Add(ref _used, -bytes);
        IntakeMetrics.RefusedWhole("RECEIVERS_BUSY", 0);
        throw MeshException.ResourceExhausted("RECEIVERS_BUSY", "Too many requests are being read. Send it again.", TimeSpan.FromSeconds(1));
    }

    /// <summary>Room for one body.</summary>
    public sealed class Lease(BodyBudget budget, long bytes) : IDisposable
    {
        private long _bytes = bytes;

        /// <summary>Takes as much more as is needed for <paramref name="wanted"/> bytes in all.</summary>
        public void Cover(long wanted)
        {
            if (wanted <= _bytes)
                return;
            budget.Use(wanted - _bytes);
            _bytes = wanted;
        }

        /// <summary>Gives back what is held beyond <paramref name="wanted"/> bytes.</summary>
        public void Shrink(long wanted)
        {
            if (wanted >= _bytes)
                return;
            Interlocked.Add(ref budget._used, wanted - _bytes);
            _bytes = wanted;
        }

        public void Dispose() => Interlocked.Add(ref budget._used, -Interlocked.Exchange(ref _bytes, 0));
    }
}
