using System.Buffers;
using Grpc.Core;
using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Otlp;

/// <summary>A request of OTLP/gRPC as it came: its bytes tell whether it comes again.</summary>
public sealed class OtlpBody : IDisposable
{
    private readonly ByteBuffer _bytes;

    private OtlpBody(ByteBuffer bytes) => _bytes = bytes;

    /// <summary>Takes a request in; it is never written.</summary>
    public static Marshaller<OtlpBody> Marshaller { get; } = new((_, _) => throw new NotSupportedException(), Read);

    public ReadOnlyMemory<byte> Memory => _bytes.Memory;

    public void Dispose() => _bytes.Dispose();

    private static OtlpBody Read(DeserializationContext context)
    {
        var bytes = new ByteBuffer(context.PayloadLength);
        context.PayloadAsReadOnlySequence().CopyTo(bytes.Take(context.PayloadLength));
        return new OtlpBody(bytes);
    }
}
