using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Writers;

/// <summary>
/// What the payload of a record begins with: who sent it, so that it is known when it comes again. That is a writer with the
/// number of its batch, or the key of a request whose sender has no numbers, or neither.
/// </summary>
public readonly record struct RecordHead(string Writer, ulong Number, UInt128? Request)
{
    private const byte Nobody = 0, OfWriter = 1, OfRequest = 2;

    public static RecordHead None { get; } = new("", 0, null);

    /// <summary>Reads a head. A record without payload only ends a batch.</summary>
    public static RecordHead Read(ref ByteReader payload) => payload.Remaining == 0 ? None : payload.ReadByte() switch
    {
        Nobody => None,
        OfWriter => new RecordHead(payload.ReadString(), payload.ReadVarint(), null),
        OfRequest => new RecordHead("", 0, new UInt128(payload.ReadUInt64(), payload.ReadUInt64())),
        var kind => throw new InvalidDataException($"the record begins with the unknown kind {kind}"),
    };

    public void Write(ByteBuffer payload)
    {
        if (Writer.Length > 0)
        {
            payload.WriteByte(OfWriter);
            payload.WriteString(Writer);
            payload.WriteVarint(Number);
        }
        else if (Request is { } request)
        {
            payload.WriteByte(OfRequest);
            Write(payload, request);
        }
        else
        {
            payload.WriteByte(Nobody);
        }
    }

    internal static void Write(ByteBuffer payload, UInt128 key)
    {
        payload.WriteUInt64((ulong)(key >> 64));
        payload.WriteUInt64((ulong)key);
    }
}
