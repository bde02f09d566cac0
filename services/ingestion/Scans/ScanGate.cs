using Mesh.Common.Errors;

namespace Mesh.Ingestion.Scans;

/// <summary>Bounds how many scans are held in memory at once.</summary>
public sealed class ScanGate
{
    private const int Limit = 4;
    private int _open;

    /// <summary>Takes a place, until it is disposed.</summary>
    public IDisposable Enter()
    {
        if (Interlocked.Increment(ref _open) <= Limit)
            return new Place(this);
        Interlocked.Decrement(ref _open);
        throw MeshException.ResourceExhausted("TOO_MANY_SCANS", $"{Limit} scans are being taken in already.", TimeSpan.FromSeconds(5));
    }

    private sealed class Place(ScanGate gate) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
                Interlocked.Decrement(ref gate._open);
        }
    }
}
