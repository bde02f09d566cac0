using Mesh.Ingestion.Intake;
using Mesh.Ingestion.Series;

namespace Mesh.Ingestion.Receiving;

/// <summary>Finds a tenant's series by the bytes that a sender writes for it, and remembers the ones that were new.</summary>
internal sealed class KnownSeries(string tenant, BatchBuilder target, LabelCache labels)
{
    /// <summary>What a key's hash begins with, so that tenants do not meet.</summary>
    public ulong Seed { get; } = labels.SeedOf(tenant);

    /// <summary>The series of a key; false where it has to be built, because it or its row of today is not known.</summary>
    public bool TryFind(ulong key, out KnownLabels known)
    {
        var day = target.Window.Day;
        known = labels.Find(key);
        if (!known.IsKnown || known.HasRow(day))
            return known.IsKnown;
        if (!target.HasRow(known.Id, tenant))
            return false;
        labels.Learn(key, known.Id, day);
        return true;
    }

    /// <summary>Ends the series that a key stands for. The id is 0 where it was refused.</summary>
    public ulong End(ulong key, SeriesBuilder series)
    {
        var id = target.Series(series, tenant);
        if (id != 0)
            labels.Learn(key, id, 0);
        return id;
    }
}
