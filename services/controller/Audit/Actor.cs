using Grpc.Core;
using Mesh.Common.Auth;
using Mesh.Common.Hosting;

namespace Mesh.Controller.Audit;

/// <summary>Who makes a change, from where, by which call.</summary>
public sealed record Actor(string Subject, string Peer, string Method, string RequestId)
{
    /// <summary>The controller itself, in background work.</summary>
    public static Actor Self { get; } = new("services/controller", "", "", "");

    public static Actor Of(ServerCallContext context) => new(
        context.Principal().Subject, context.Peer, context.Method.TrimStart('/'), RequestScope.Current?.RequestId ?? "");
}
