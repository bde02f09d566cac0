namespace Mesh.Ingestion.Log;

/// <summary>The log takes no record now. Nothing was written; the same record may be sent again after the delay.</summary>
public sealed class LogRefusedException(string reason, string message, TimeSpan retryAfter) : Exception(message)
{
    /// <summary>One of LOG_FULL, DISK_FULL, LOG_BUSY.</summary>
    public string Reason => reason;

    public TimeSpan RetryAfter => retryAfter;
}
