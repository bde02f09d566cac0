namespace Grpc.Core;

/// <summary>A stream of messages that is read one at a time.</summary>
public interface IAsyncStreamReader<out T>
{
    /// <summary>The message that the last successful move reached.</summary>
    T Current { get; }

    /// <summary>Moves to the next message. False at the end of the stream.</summary>
    Task<bool> MoveNext(CancellationToken cancellationToken);
}

/// <summary>A stream of messages that is written one at a time.</summary>
public interface IAsyncStreamWriter<in T>
{
    /// <summary>Options of the writes that follow; null for the usual ones.</summary>
    WriteOptions? WriteOptions { get; set; }

    /// <summary>Writes a message. One write must end before the next begins.</summary>
    Task WriteAsync(T message);

    /// <summary>Writes a message unless cancelled first; a writer that cannot cancel refuses such a token.</summary>
    Task WriteAsync(T message, CancellationToken cancellationToken) => cancellationToken.CanBeCanceled
        ? throw new NotSupportedException("This stream writer cannot cancel a write.")
        : WriteAsync(message);
}

/// <summary>The client's side of a stream of requests.</summary>
public interface IClientStreamWriter<in T> : IAsyncStreamWriter<T>
{
    /// <summary>Says that no further request follows.</summary>
    Task CompleteAsync();
}

/// <summary>The server's side of a stream of responses; it ends with the handler.</summary>
public interface IServerStreamWriter<in T> : IAsyncStreamWriter<T>
{
}

/// <summary>Reading without a token.</summary>
public static class AsyncStreamReaderExtensions
{
    /// <summary>Moves to the next message. False at the end of the stream.</summary>
    public static Task<bool> MoveNext<T>(this IAsyncStreamReader<T> streamReader)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(streamReader);
        return streamReader.MoveNext(CancellationToken.None);
    }
}
