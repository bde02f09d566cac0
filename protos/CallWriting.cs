using Grpc.Core;

namespace Mesh.Contracts;

/// <summary>
/// Writing to a call that its server may end, and its connection lose, at any moment. Who writes then learns it in many ways: by a status, by
/// "the call is complete", by a disposed stream, a cancellation, or whatever the connection itself threw, which the client of gRPC hands on as
/// it is. None of them is the reason. The answer of the call is, so whoever is told that a call has ended goes on to read that.
/// </summary>
public static class CallWriting
{
    /// <summary>Writes a message; false when the call has ended. Messages of one call are written one after the other.</summary>
    public static Task<bool> TryWriteAsync<T>(this IClientStreamWriter<T> writer, T message, CancellationToken cancellationToken = default) =>
        UnlessEndedAsync(() => writer.WriteAsync(message, cancellationToken));

    /// <summary>Says that no message follows, unless the call has ended.</summary>
    public static Task TryCompleteAsync<T>(this IClientStreamWriter<T> writer) => UnlessEndedAsync(writer.CompleteAsync);

    /// <summary>
    /// Writes all messages and says that no more follow, or stops where the call ends; false in that case. What fails while a message is
    /// made, as the reading of a file may, is thrown.
    /// </summary>
    public static async Task<bool> TryWriteAllAsync<T>(
        this IClientStreamWriter<T> writer, IAsyncEnumerable<T> messages, CancellationToken cancellationToken = default)
    {
        await foreach (var message in messages.WithCancellation(cancellationToken))
        {
            if (!await writer.TryWriteAsync(message, cancellationToken))
                return false;
        }

        await writer.TryCompleteAsync();
        return true;
    }

    private static async Task<bool> UnlessEndedAsync(Func<Task> write)
    {
        try
        {
            await write();
            return true;
        }
        // A disposed stream is an InvalidOperationException; HTTP/2's own errors are IOExceptions.
        catch (Exception error) when (error is RpcException or InvalidOperationException or OperationCanceledException or IOException or HttpRequestException)
        {
            return false;
        }
    }
}
