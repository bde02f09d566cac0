using System.Runtime.CompilerServices;
using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Receiving;

namespace Mesh.Ingestion.Telemetry;

/// <summary>
/// The series that one stream has declared, by the numbers that it chose. Kept in plain arrays: a sample costs an index.
/// </summary>
public sealed class StreamSeries(BodyBudget.Lease? room = null) : IDisposable
{
    /// <summary>The largest number that a stream may choose; numbers are meant to be small and dense.</summary>
    public const uint MaxRef = (1 << 22) - 1;

    private const long MaxFormBytes = 512 << 20;

    private readonly ByteBuffer _forms = new();
    private readonly List<string> _tenants = [];
    private Entry[] _entries = [];

    /// <summary>
    /// Remembers a series under the stream's number; false where the stream has declared too much. RESOURCE_EXHAUSTED where all streams
    /// together have.
    /// </summary>
    public bool Declare(uint number, ulong id, string tenant, ReadOnlySpan<byte> form, int day)
    {
        if (number > MaxRef || _forms.Length + (long)form.Length > MaxFormBytes)
            return false;
        var length = number < _entries.Length ? _entries.Length : Math.Max((int)number + 1, Math.Max(256, _entries.Length * 2));
        room?.Cover(Math.Max(_forms.Capacity, _forms.Length + (long)form.Length) + (long)length * Unsafe.SizeOf<Entry>());
        if (length > _entries.Length)
            Array.Resize(ref _entries, length);

        _entries[number] = new Entry(id, _forms.Length, form.Length, TenantNumber(tenant), day);
        _forms.Write(form);
        return true;
    }

    public void Forget(uint number)
    {
        if (number < _entries.Length)
            _entries[number] = default;
    }

    /// <summary>The series of a number; its id is 0 where there is none.</summary>
    public ref Entry this[uint number] => ref number < _entries.Length ? ref _entries[number] : ref Nothing();

    public string TenantOf(in Entry entry) => _tenants[entry.Tenant];

    public ReadOnlySpan<byte> FormOf(in Entry entry) => _forms.Span.Slice(entry.FormStart, entry.FormLength);

    public void Dispose()
    {
        _forms.Dispose();
        room?.Dispose();
    }

    private ref Entry Nothing()
    {
        _nothing = default;
        return ref _nothing;
    }

    private Entry _nothing;

    private int TenantNumber(string tenant)
    {
        var number = _tenants.LastIndexOf(tenant);
        if (number >= 0)
            return number;
        _tenants.Add(tenant);
        return _tenants.Count - 1;
    }

    /// <summary>One declared series: its id, where its form lies, its tenant's number, and the day of its last row.</summary>
    public record struct Entry(ulong Id, int FormStart, int FormLength, int Tenant, int Day)
    {
        /// <summary>How many decimals the values have shown.</summary>
        internal byte Scale;
    }
}
