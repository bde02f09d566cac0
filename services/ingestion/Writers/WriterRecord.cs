using Mesh.Ingestion.Columns;
using Mesh.Ingestion.Log;

namespace Mesh.Ingestion.Writers;

/// <summary>A record of the log that begins with its writer and the number of its batch; an unnamed writer has the empty key.</summary>
public sealed class WriterRecord : LogRecord
{
    private readonly Writer? _writer;
    private readonly ulong _number;

    public WriterRecord(Writer? writer, ulong number, int capacity)
        : base(capacity)
    {
        (_writer, _number) = (writer, number);
        Bytes.WriteString(writer?.Key ?? "");
        Bytes.WriteVarint(number);
    }

    /// <summary>Reads what the payload of a record begins with. A record without payload only ends a batch.</summary>
    public static (string Key, ulong Number) ReadHead(ref ByteReader payload) =>
        payload.Remaining == 0 ? ("", 0) : (payload.ReadString(), payload.ReadVarint());

    protected override void OnDurable() => _writer?.Confirm(_number);

    protected override void OnFailed() => _writer?.Lose();
}
