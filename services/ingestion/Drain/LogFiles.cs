using Mesh.Ingestion.Writers;

namespace Mesh.Ingestion.Drain;

/// <summary>What lies beside the log's segments: the checkpoint and the writers' snapshot, as they were at the start.</summary>
public sealed class LogFiles(string folder)
{
    public string Folder => folder;

    public Checkpoint Checkpoint { get; } = Checkpoint.In(folder);

    public string SnapshotPath { get; } = Path.Combine(folder, "writers");

    /// <summary>The snapshot that was found at the start.</summary>
    public WriterSnapshot Snapshot { get; } = WriterSnapshot.Read(Path.Combine(folder, "writers"));
}
