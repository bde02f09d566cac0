namespace Grpc.Core;

/// <summary>
/// The parts of a running call that do not depend on its kind. Each is fetched through a delegate that takes a state
/// object, so that a call needs no closure of its own.
/// </summary>
internal readonly struct CallHandle(
    object state, Func<object, Task<Metadata>> headers, Func<object, Status> status, Func<object, Metadata> trailers, Action<object> dispose)
{
    public Task<Metadata> HeadersAsync => headers(state);

    public static CallHandle Of(Task<Metadata> headers, Func<Status> status, Func<Metadata> trailers, Action dispose) => new(
        new Plain(headers, status, trailers, dispose),
        static state => ((Plain)state).Headers,
        static state => ((Plain)state).Status(),
        static state => ((Plain)state).Trailers(),
        static state => ((Plain)state).Dispose());

    public Status GetStatus() => status(state);

    public Metadata GetTrailers() => trailers(state);

    public void Dispose() => dispose(state);

    private sealed record Plain(Task<Metadata> Headers, Func<Status> Status, Func<Metadata> Trailers, Action Dispose);
}
