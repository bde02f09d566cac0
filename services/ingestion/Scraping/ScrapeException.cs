using System.Net;

namespace Mesh.Ingestion.Scraping;

/// <summary>Why a target was not read, in a sentence for whoever keeps it.</summary>
public sealed class ScrapeException(string message, HttpStatusCode? status = null) : Exception(message)
{
    /// <summary>What the target answered instead of 200; null where it is not that.</summary>
    public HttpStatusCode? Status => status;
}
