using System.Net;

namespace Mesh.Common.ClickHouse;

/// <summary>A body that is sent piece by piece, each made when the one before has gone.</summary>
internal sealed class PiecesContent(IEnumerable<ReadOnlyMemory<byte>> pieces) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        foreach (var piece in pieces)
            await stream.WriteAsync(piece, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
