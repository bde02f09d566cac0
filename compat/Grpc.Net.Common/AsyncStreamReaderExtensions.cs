using System.Runtime.CompilerServices;

namespace Grpc.Core;

/// <summary>Reading a stream of messages as an asynchronous sequence.</summary>
public static class AsyncStreamReaderExtensions
{
    /// <summary>The messages that are still to come, to the end of the stream.</summary>
    public static async IAsyncEnumerable<T> ReadAllAsync<T>(
        this IAsyncStreamReader<T> streamReader, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streamReader);
        while (await streamReader.MoveNext(cancellationToken).ConfigureAwait(false))
            yield return streamReader.Current;
    }
}
