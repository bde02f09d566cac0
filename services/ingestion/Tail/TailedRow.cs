namespace Mesh.Ingestion.Tail;

/// <summary>A row of the log.</summary>
/// <param name="Frame">Where its frame begins.</param>
/// <param name="Row">Its number among the log records of the frame, from 0.</param>
public readonly record struct TailedRow(long Frame, int Row);
