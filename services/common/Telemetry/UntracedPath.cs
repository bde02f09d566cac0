namespace Mesh.Common.Telemetry;

/// <summary>
/// Requests whose path begins so are not traced: probes and scrapes, and in ingestion the receiving of traces, which would
/// otherwise beget traces without end.
/// </summary>
public sealed record UntracedPath(string Prefix);
