namespace Mesh.Ingestion.Intake;

/// <summary>What comes as single records, each with a rate of its own.</summary>
public enum RecordKind
{
    Logs,
    Spans,
    Events,
}
