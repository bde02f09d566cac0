namespace Mesh.Benchmarks.Ingest;

/// <summary>One of the two stores that are compared: its processes and what is asked of it.</summary>
internal interface ISide : IAsyncDisposable
{
    /// <summary>Where remote write goes.</summary>
    Uri WriteAddress { get; }

    /// <summary>What a sender authenticates with.</summary>
    string? Token { get; }

    /// <summary>All processes that the store needs.</summary>
    ProcessTree Processes { get; }

    /// <summary>Waits until this many samples lie in the store's files, and no merge has run for two seconds.</summary>
    Task SettleAsync(long samples);

    /// <summary>Merges everything, and tells how many bytes lie on the disk, by what they are for.</summary>
    Task<Dictionary<string, long>> MergeAsync();
}
