using System.Buffers;

namespace Grpc.Core;

/// <summary>Takes one serialized message, as an array or through a buffer writer.</summary>
public abstract class SerializationContext
{
    /// <summary>Gives the whole message.</summary>
    public virtual void Complete(byte[] payload) => throw new NotImplementedException();

    /// <summary>The writer that the message goes to; ends with <see cref="Complete()" />.</summary>
    public virtual IBufferWriter<byte> GetBufferWriter() => throw new NotImplementedException();

    /// <summary>Says the message's length in bytes ahead of the first byte.</summary>
    public virtual void SetPayloadLength(int payloadLength) => throw new NotImplementedException();

    /// <summary>Says that the message is written.</summary>
    public virtual void Complete() => throw new NotImplementedException();
}

/// <summary>Gives one serialized message.</summary>
public abstract class DeserializationContext
{
    /// <summary>The message's length in bytes.</summary>
    public abstract int PayloadLength { get; }

    /// <summary>The message in an array that the caller may keep.</summary>
    public virtual byte[] PayloadAsNewBuffer() => throw new NotImplementedException();

    /// <summary>The message where it lies, valid only until deserialization returns.</summary>
    public virtual ReadOnlySequence<byte> PayloadAsReadOnlySequence() => new(PayloadAsNewBuffer());
}
