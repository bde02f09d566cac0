namespace Mesh.Ingestion.Writers;

/// <summary>How a batch's number stands to what its writer has sent before.</summary>
public enum BatchStanding
{
    /// <summary>It is the next one.</summary>
    Next,

    /// <summary>It was taken before: durable, or about to be.</summary>
    Taken,

    /// <summary>Numbers before it are missing.</summary>
    Gap,

    /// <summary>A newer turn of the writer has begun, or a batch before it was lost.</summary>
    Superseded,
}
