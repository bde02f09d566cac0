using System.Buffers;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Mesh.Common.Hosting;

/// <summary>
/// Lets one port speak HTTP/1.1 and HTTP/2 without TLS. Kestrel tells them apart only under TLS, so the HTTP/1.1 listener looks at
/// the first bytes of a connection and hands one that begins with the HTTP/2 preface to a second, in-process listener that
/// speaks HTTP/2 alone. Costs nothing per request.
/// </summary>
internal sealed class Http2Handover : IConnectionListenerFactory, IConnectionListenerFactorySelector, IConnectionListener
{
    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>How long a new connection may stay silent.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    // Kestrel bounds the connections; every one of them stands here at most once.
    private readonly Channel<ConnectionContext> _handed = Channel.CreateUnbounded<ConnectionContext>();

    /// <summary>The end point that Kestrel binds for HTTP/2: no socket stands behind it.</summary>
    public static EndPoint InProcess { get; } = new InProcessEndPoint();

    public EndPoint EndPoint => InProcess;

    public bool CanBind(EndPoint endpoint) => endpoint is InProcessEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => new(this);

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
        await _handed.Reader.WaitToReadAsync(cancellationToken) && _handed.Reader.TryRead(out var connection) ? connection : null;

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _handed.Writer.TryComplete();
        return default;
    }

    public ValueTask DisposeAsync() => default;

    /// <summary>The connection middleware of the HTTP/1.1 listener.</summary>
    public async Task DispatchAsync(ConnectionContext connection, ConnectionDelegate http1)
    {
        bool isHttp2;
        // A server that stops asks its connections to close; one that has said nothing yet has nothing to end.
        var closing = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? default;
        using (var patience = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed, closing))
        {
            patience.CancelAfter(s_patience);
            try
            {
                isHttp2 = await BeginsWithPrefaceAsync(connection, patience.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                connection.Abort();
                return;
            }
        }
        if (!isHttp2)
        {
            await http1(connection);
            return;
        }
        var handed = new HandedConnection(connection);
        if (_handed.Writer.TryWrite(handed)) await handed.Completed;
        else connection.Abort();
    }

    /// <summary>Reads until the bytes are the preface or cannot become it; consumes nothing.</summary>
    private static async ValueTask<bool> BeginsWithPrefaceAsync(ConnectionContext connection, CancellationToken cancellationToken)
    {
        var input = connection.Transport.Input;
        while (true)
        {
            var result = await input.ReadAsync(cancellationToken);
            var buffer = result.Buffer;
            var length = (int)Math.Min(buffer.Length, Preface.Length);
            var matches = Matches(buffer.Slice(0, length));
            var decided = !matches || length == Preface.Length || result.IsCompleted;
            // Bytes that are not examined are returned by the next read at once.
            input.AdvanceTo(buffer.Start, decided ? buffer.Start : buffer.End);
            if (decided) return matches && length == Preface.Length;
        }
    }

    private static bool Matches(ReadOnlySequence<byte> start)
    {
        Span<byte> bytes = stackalloc byte[24];
        start.CopyTo(bytes);
        return Preface.StartsWith(bytes[..(int)start.Length]);
    }

    private sealed class InProcessEndPoint : EndPoint
    {
        public override string ToString() => "h2c";
    }

    /// <summary>The same connection under another Kestrel pipeline: that one must not close what the first one owns.</summary>
    private sealed class HandedConnection(ConnectionContext connection) : ConnectionContext
    {
        private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Completed => _completed.Task;

        public override string ConnectionId { get; set; } = connection.ConnectionId;

        // The second pipeline sets features of its own, such as its heartbeat, above those of the first.
        public override IFeatureCollection Features { get; } = new FeatureCollection(connection.Features);

        public override IDictionary<object, object?> Items { get; set; } = connection.Items;

        public override System.IO.Pipelines.IDuplexPipe Transport { get; set; } = connection.Transport;

        public override EndPoint? LocalEndPoint { get; set; } = connection.LocalEndPoint;

        public override EndPoint? RemoteEndPoint { get; set; } = connection.RemoteEndPoint;

        public override CancellationToken ConnectionClosed { get; set; } = connection.ConnectionClosed;

        public override void Abort(ConnectionAbortedException abortReason) => connection.Abort(abortReason);

        public override ValueTask DisposeAsync()
        {
            _completed.TrySetResult();
            return base.DisposeAsync();
        }
    }
}
