namespace Mesh.Ingestion.Log;

/// <summary>What ends with a record.</summary>
public enum BatchEnd
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A batch for the database.</summary>
    Batch,

    /// <summary>A batch, and the batches that are rolled up together.</summary>
    Rollup,
}
