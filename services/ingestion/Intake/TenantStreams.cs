using System.Collections.Concurrent;
using Mesh.Common.Errors;

namespace Mesh.Ingestion.Intake;

/// <summary>Bounds how many streams a tenant has open.</summary>
public sealed class TenantStreams(IntakeOptions options)
{
    private static readonly TimeSpan s_delay = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, int> _open = new(StringComparer.Ordinal);

    /// <summary>Counts a stream in until the lease is disposed; RESOURCE_EXHAUSTED where the tenant has too many.</summary>
    public Lease Enter(string tenant)
    {
        if (_open.AddOrUpdate(tenant, 1, (_, open) => open + 1) <= options.Streams)
            return new Lease(this, tenant);
        Leave(tenant);
        IntakeMetrics.RefusedWhole("TOO_MANY_STREAMS", 0);
        throw MeshException.ResourceExhausted("TOO_MANY_STREAMS", $"The tenant has {options.Streams} streams open.", s_delay);
    }

    private void Leave(string tenant)
    {
        if (_open.AddOrUpdate(tenant, 0, (_, open) => open - 1) == 0)
            _open.TryRemove(new KeyValuePair<string, int>(tenant, 0));
    }

    /// <summary>One open stream.</summary>
    public sealed class Lease(TenantStreams streams, string tenant) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
                streams.Leave(tenant);
        }
    }
}
