using Mesh.Ingestion.Log;

namespace Mesh.Ingestion.Writers;

/// <summary>A record of the log that begins with its sender (<see cref="RecordHead"/>).</summary>
public sealed class WriterRecord : LogRecord
{
    private readonly Writer? _writer;
    private readonly ulong _number;

    public WriterRecord(Writer? writer, ulong number, int capacity, UInt128? request = null)
        : base(capacity)
    {
        (_writer, _number) = (writer, number);
        new RecordHead(writer?.Key ?? "", number, request).Write(Bytes);
    }

    protected override void OnDurable() => _writer?.Confirm(_number);

    protected override void OnFailed() => _writer?.Lose();
}
