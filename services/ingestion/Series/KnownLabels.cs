namespace Mesh.Ingestion.Series;

/// <summary>What a <see cref="LabelCache"/> knows of labels. It may be forgotten there meanwhile; what is read here stays right.</summary>
public readonly ref struct KnownLabels
{
    private readonly ref LabelEntry _entry;

    internal KnownLabels(ref LabelEntry entry, bool isKnown)
    {
        _entry = ref entry;
        Id = isKnown ? entry.Id : 0;
        IsKnown = isKnown;
    }

    public bool IsKnown { get; }

    /// <summary>The series' id, 0 where the labels are not known.</summary>
    public ulong Id { get; }

    /// <summary>Where the scale of the series' values is kept. It only says what was last seen: nothing depends on it.</summary>
    public ref byte Scale => ref _entry.Scale;

    /// <summary>Whether the series has a durable row of this day.</summary>
    public bool HasRow(int day) => IsKnown && Volatile.Read(ref _entry.Day) == day;
}

internal struct LabelEntry
{
    public ulong Key;
    public ulong Id;
    public int Day;
    public byte Scale;
}
