using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Mesh.Common.Tests.Hosting;

/// <summary>A call without a server.</summary>
internal sealed class TestCall : ServerCallContext
{
    // Where the gRPC server looks for the request of a context that is not its own.
    private readonly Dictionary<object, object> _state = new() { ["__HttpContext"] = new DefaultHttpContext() };

    protected override string MethodCore => "/test";

    protected override string HostCore => "";

    protected override string PeerCore => "";

    protected override DateTime DeadlineCore => DateTime.MaxValue;

    protected override Metadata RequestHeadersCore { get; } = [];

    protected override CancellationToken CancellationTokenCore => CancellationToken.None;

    protected override Metadata ResponseTrailersCore { get; } = [];

    protected override Status StatusCore { get; set; }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore { get; } = new("", []);

    protected override IDictionary<object, object> UserStateCore => _state;

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => Task.CompletedTask;

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        throw new NotSupportedException();
}
